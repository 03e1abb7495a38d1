"""What each exit code of ``serve`` means. ``README.md`` prints this table; a test compares them."""

from __future__ import annotations

from neuronserve import errors

STOPPED = 0
INTERNAL = 1
SETTINGS = 2
DRAIN_EXPIRED = 40
SIGNALLED = 128  # plus the signal's number, as shells count

MEANINGS: dict[int, str] = {
    STOPPED: "stopped as asked (SIGTERM or SIGINT); every request in flight was answered",
    INTERNAL: "a fault of neuronserve itself; please report the log",
    SETTINGS: "one or more environment variables are wrong; all are named",
    10: "MODEL_URI or COMPILATION_JOB cannot be understood",
    11: "no such bucket, key, prefix or path",
    12: "access to the model was denied",
    13: "the bucket is in another region",
    14: "AWS credentials are absent, expired or refused",
    15: "the store kept throttling",
    16: "the download failed, after retries",
    17: "the artifact's digest is not the expected one",
    18: "the archive is truncated or corrupt",
    19: "the archive is hostile: it leaves its folder, holds devices, or is a bomb",
    20: "no SavedModel in the artifact",
    21: "several models, and none can be chosen",
    22: "the disk is too small for the model",
    23: "the SavedModel, or a compiled part of it, is damaged",
    24: "the artifact is another framework's: TensorFlow Serving cannot serve it",
    25: "the model's code/requirements.txt could not be installed",
    26: "the model's code/inference.py cannot be loaded",
    27: "the folder where models are kept belongs to somebody else, or others may write it",
    29: "the model could not be had, for another reason",
    30: "a model server could not start, or died too often",
    31: "gunicorn could not start, or died too often",
    32: "nginx could not start, or died too often",
    33: "a model server could not answer its warm-up",
    34: "a model server's answers are not the golden ones",
    35: "a Neuron device is absent, is no device, or may not be opened",
    36: "the model needs more NeuronCores than there are",
    37: "the model was compiled for another generation of NeuronCores",
    38: "a NeuronCore would have two owners",
    39: "the NeuronCores cannot be planned, for another reason",
    DRAIN_EXPIRED: "stopped as asked, but the drain's time ran out with requests in flight",
    SIGNALLED + 2: "a second signal (SIGINT) ended it at once",
    SIGNALLED + 3: "SIGQUIT ended it at once, without a drain",
    SIGNALLED + 15: "a second signal (SIGTERM) ended it at once",
}

# Codes after which a restart of the same container may go otherwise: a store that failed or throttled,
# credentials, a package index, a process that died, a fault of our own. All others mean that it ended as it
# was asked to, or that settings, model, disk or chips of this very container are wrong, and stay so.
RESTARTABLE = frozenset({INTERNAL, 14, 15, 16, 25, 29, 30, 31, 32, 33})

FINAL: tuple[int, ...] = tuple(code for code in MEANINGS if code not in RESTARTABLE)

_BY_ERROR: dict[type[errors.NeuronserveError], int] = {
    errors.SettingsError: SETTINGS,
    errors.LocationError: 10,
    errors.ModelNotFound: 11,
    errors.AccessDenied: 12,
    errors.WrongRegion: 13,
    errors.CredentialsError: 14,
    errors.Throttled: 15,
    errors.TransferError: 16,
    errors.DigestMismatch: 17,
    errors.CorruptArchive: 18,
    errors.HostileArchive: 19,
    errors.NoSavedModel: 20,
    errors.AmbiguousModels: 21,
    errors.DiskFull: 22,
    errors.DamagedModel: 23,
    errors.OtherFramework: 24,
    errors.RequirementsFailed: 25,
    errors.BrokenHandler: 26,
    errors.UnsafeFolder: 27,
    errors.ArtifactError: 29,
    errors.ModelServerError: 30,
    errors.GatewayError: 31,
    errors.FrontError: 32,
    errors.WarmUpFailed: 33,
    errors.GoldenMismatch: 34,
    errors.DeviceFault: 35,
    errors.NotEnoughCores: 36,
    errors.WrongGeneration: 37,
    errors.CoreConflict: 38,
    errors.PlanError: 39,
    errors.NeuronError: 39,
}


def of(error: BaseException) -> int:
    """The exit code for an error: that of its class, or of the nearest class it derives from."""
    for cls in type(error).__mro__:
        if cls in _BY_ERROR:
            return _BY_ERROR[cls]
    return INTERNAL
