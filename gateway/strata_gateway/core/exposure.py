"""Which methods of the other services a client may call at the gateway's address, as they are.

Everything that a user may want and that one service does alone is here; what would let a client break an invariant
of another service (images by digest, leases, unfinished content) is not. docs/api.md lists the same.
"""

RUNTIME_METHODS = (
    "StartContainer",
    "StopContainer",
    "RestartContainer",
    "KillContainer",
    "PauseContainer",
    "ResumeContainer",
    "WaitContainer",
    "DeleteContainer",
    "GetContainer",
    "ListContainers",
    "UpdateContainer",
    "RenameContainer",
    "Attach",
    "CreateExec",
    "Exec",
    "GetExec",
    "ResizeTerminal",
    "GetLogs",
    "GetStats",
    "ListProcesses",
    "WatchEvents",
    "ListChanges",
    "ExportChanges",
    "ExportFilesystem",
    "CopyIn",
    "CopyOut",
    "StatPath",
    "CreateNetwork",
    "GetNetwork",
    "ListNetworks",
    "DeleteNetwork",
    "ConnectNetwork",
    "DisconnectNetwork",
    "CreateVolume",
    "GetVolume",
    "ListVolumes",
    "DeleteVolume",
    "GetRuntimeInfo",
)

STORE_METHODS = (
    "ListImages",
    "GetImage",
    "TagImage",
    "RemoveImage",
    "GetLayer",
    "ListLayers",
    "ExportLayer",
    "GetContent",
    "Scrub",
    "GetSharingReport",
)

REGISTRY_METHODS = (
    "Resolve",
    "ListTags",
    "ListReferrers",
    "GetCacheUsage",
    "PruneCache",
    "PinImage",
    "UnpinImage",
    "ListPins",
    "ExportImages",
    "ImportImages",
)
