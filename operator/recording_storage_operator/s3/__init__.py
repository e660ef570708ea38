"""S3: connections from credentials, one bucket's client, and what S3's answers mean."""
