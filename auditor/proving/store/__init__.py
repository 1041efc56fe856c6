"""The cache of finished proving steps: content-addressed, verified on every use, safe to kill and to share.

    ROOT/store-1/entries/KIND/DIGEST/record.json     what the entry is; its modification time is the last use
                                    /files/NAME
                             DIGEST.lock             exclusive: being made or removed; shared: in use
                             DIGEST.*.partial        being made, or what a killed run left
                runs/run-*, run-*.lock               the workspaces of runs
                facts/NAME.json                      what pruning keeps

Locks are flocks, so whatever kills a process frees them. Everything is private to the user (0700, 0600).
"""

from auditor.proving.store.cache import Entry, Pruned, Store, Stored
from auditor.proving.store.disk import no_room
from auditor.proving.store.records import JSON, FileRecord

__all__ = ["JSON", "Entry", "FileRecord", "Pruned", "Store", "Stored", "no_room"]
