"""Where the bytes of artifacts lie: the port, its implementations, and the one that this installation uses."""

from apps.artifacts.store.opening import installed, open_store, store
from apps.artifacts.store.port import (
    ArtifactStore,
    BadKey,
    Info,
    Link,
    NotStored,
    Source,
    Stored,
    StoreError,
    StoreUnavailable,
)

__all__ = [
    "ArtifactStore",
    "BadKey",
    "Info",
    "Link",
    "NotStored",
    "Source",
    "StoreError",
    "StoreUnavailable",
    "Stored",
    "installed",
    "open_store",
    "store",
]
