"""The resource as users write it: names, models of both kinds, and the way from an object to what is desired."""
