"""How the API server serves our kinds: what `kube` needs to know of `api`, for whoever composes the two."""

from .api import names
from .kube.resources import Resource
from .kube.slices import SliceKind

STORAGES = Resource(names.GROUP, names.VERSION, names.PLURAL, names.KIND)
SLICES = SliceKind(
    resource=Resource(names.GROUP, names.VERSION, names.SLICE_PLURAL, names.SLICE_KIND),
    owner=STORAGES,
    owner_label=names.STORAGE_LABEL,
    day_label=names.EXPIRES_ON_LABEL,
)
