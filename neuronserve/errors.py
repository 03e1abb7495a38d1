"""The one exception tree of the project.

It knows no HTTP, no AWS and no gRPC: the edges map it (``exitcodes.py`` to exit codes of ``serve``,
``deploy/exits.py`` to those of the scripts that deploy, ``gateway/statuses.py`` to HTTP statuses). Each
class carries a ``code``, the word a machine reads; each error carries one line for a person: what was
wrong, where, and a ``hint``: what to do.

::

    NeuronserveError
    ├── SettingsError               environment variables, all faults at once
    ├── ArtifactError               the model could not be had
    │   ├── LocationError           MODEL_URI or COMPILATION_JOB cannot be understood
    │   ├── ModelNotFound           no such bucket, key, prefix or path
    │   ├── AccessDenied
    │   ├── WrongRegion
    │   ├── CredentialsError        absent, expired or refused credentials
    │   ├── Throttled
    │   ├── TransferError           the network or the store failed, after retries
    │   ├── DigestMismatch
    │   ├── CorruptArchive          truncated, or no archive at all
    │   ├── HostileArchive          escapes its folder, devices, bombs
    │   ├── NoSavedModel
    │   ├── AmbiguousModels
    │   ├── DiskFull
    │   ├── UnsafeFolder            where models are kept, others may write
    │   ├── DamagedModel            saved_model.pb or a compiled part of it cannot be read
    │   ├── OtherFramework          a model of MXNet, PyTorch, ...: not what TensorFlow Serving serves
    │   ├── RequirementsFailed      the model's code/requirements.txt could not be installed
    │   └── BrokenHandler           the model's code/inference.py cannot be loaded
    ├── NeuronError                 the Neuron devices, or what is asked of them
    │   ├── DeviceFault             a device that is absent, no device, or may not be opened; gaps
    │   └── PlanError               no plan: who owns which core
    │       ├── NotEnoughCores
    │       ├── WrongGeneration     compiled for another generation of NeuronCores
    │       └── CoreConflict        two owners of a core
    ├── RequestError                the client's fault; the text goes to the client
    │   ├── MalformedBody           not what its content type says
    │   ├── InputMismatch           names, dtypes or shapes differ from the signature
    │   ├── BadAttributes           custom attributes that cannot be used
    │   ├── UnsupportedMediaType
    │   ├── UnsupportedEncoding     Content-Encoding
    │   ├── NotAcceptable
    │   ├── BodyTooLarge
    │   ├── UnknownTarget           no such model, version or signature
    │   ├── SlowClient              the body did not come in time
    │   ├── ClientGone
    │   └── AlreadyLoaded           multi-model: a model of this name is loaded
    ├── ServingError                ours, or the model server's
    │   ├── NotReady                still starting, draining, or no server is up
    │   ├── Overloaded
    │   ├── DeadlineExceeded
    │   ├── ModelFailed             the model server answered with an error of its own
    │   ├── HandlerFailed           the model's code/inference.py raised
    │   ├── NoRoom                  multi-model: the next model does not fit beside those that are loaded
    │   └── LoadFailed              multi-model: a model could not be loaded, or unloaded
    ├── ProcessError                a child could not start or keep running
    │   ├── ModelServerError
    │   │   ├── WarmUpFailed        it loaded, and could not answer its warm-up
    │   │   └── GoldenMismatch      it answers, and not what the golden answers say
    │   ├── GatewayError
    │   └── FrontError
    └── DeployError                 of the scripts, never of the container
        ├── InvalidInput            an option, a file or a value in it cannot be used
        ├── NoSuchResource          AWS has nothing of that name
        ├── AwsRefused              credentials absent, expired, or without the right
        ├── AwsFailed               AWS cannot be reached, throttles, or rejects the request
        ├── NotPlaced               ECS found no container instance for a task
        ├── DeploymentFailed        a service or endpoint runs, and not what was deployed; or it does not run
        ├── JobFailed               a compilation or transform job ended FAILED or STOPPED
        ├── EngineFailed            docker or podman did not do what was asked
        └── TimedOut                not there yet when the time was up
"""

from __future__ import annotations


class NeuronserveError(Exception):
    """What was wrong and where (``message``), and what to do about it (``hint``, may be empty).

    ``detail`` is for the log alone: it may name what a client must not see.
    """

    code = "internal"

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail

    def __str__(self) -> str:
        """Message and hint; the hint in brackets, unless there would be brackets in or beside brackets."""
        if not self.hint:
            return self.message
        crowded = self.message.endswith(")") or "(" in self.hint
        return f"{self.message}; {self.hint}" if crowded else f"{self.message} ({self.hint})"

    def as_dict(self) -> dict[str, str]:
        """The same for a machine: ``{"code", "error", "hint"}``."""
        return {"code": self.code, "error": self.message, "hint": self.hint}


class SettingsError(NeuronserveError):
    """One or more environment variables are wrong; ``faults`` has a line for each."""

    code = "settings"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


_LONGEST = 1500  # characters of a text that may hold what a client, an artifact or a store says


class ArtifactError(NeuronserveError):
    """Names in it come from archives, models and stores, which may be hostile: one line each, and bounded."""

    code = "artifact"

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(_bounded(message), hint=_bounded(hint), detail=detail)


def _bounded(text: str) -> str:
    """One printable line. Of a long text the middle is left out: what to do stands at the end."""
    text = _cut(text)
    if text.isprintable():
        return text
    return _cut("".join(c if c.isprintable() else ascii(c)[1:-1] for c in text))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 405]} ... {text[-400:]}"


class LocationError(ArtifactError):
    code = "bad_location"


class ModelNotFound(ArtifactError):
    code = "model_not_found"


class AccessDenied(ArtifactError):
    code = "access_denied"


class WrongRegion(ArtifactError):
    code = "wrong_region"


class CredentialsError(ArtifactError):
    code = "credentials"


class Throttled(ArtifactError):
    code = "throttled"


class TransferError(ArtifactError):
    code = "transfer_failed"


class DigestMismatch(ArtifactError):
    code = "digest_mismatch"


class CorruptArchive(ArtifactError):
    code = "corrupt_archive"


class HostileArchive(ArtifactError):
    code = "hostile_archive"


class NoSavedModel(ArtifactError):
    code = "no_saved_model"


class AmbiguousModels(ArtifactError):
    code = "ambiguous_models"


class DiskFull(ArtifactError):
    code = "disk_full"


class UnsafeFolder(ArtifactError):
    code = "unsafe_folder"


class DamagedModel(ArtifactError):
    code = "damaged_model"


class OtherFramework(ArtifactError):
    code = "other_framework"


class RequirementsFailed(ArtifactError):
    code = "requirements_failed"


class BrokenHandler(ArtifactError):
    code = "broken_handler"


class NeuronError(NeuronserveError):
    code = "neuron"


class DeviceFault(NeuronError):
    code = "device_fault"


class PlanError(NeuronError):
    code = "impossible_plan"


class NotEnoughCores(PlanError):
    code = "not_enough_cores"


class WrongGeneration(PlanError):
    code = "wrong_generation"


class CoreConflict(PlanError):
    code = "core_conflict"


class RequestError(NeuronserveError):
    """What a client sent stands in it: one line each, and bounded."""

    code = "bad_request"

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(_bounded(message), hint=_bounded(hint), detail=detail)


class MalformedBody(RequestError):
    code = "malformed_body"


class InputMismatch(RequestError):
    code = "input_mismatch"


class BadAttributes(RequestError):
    code = "bad_attributes"


class UnsupportedMediaType(RequestError):
    code = "unsupported_media_type"


class UnsupportedEncoding(RequestError):
    code = "unsupported_encoding"


class NotAcceptable(RequestError):
    code = "not_acceptable"


class BodyTooLarge(RequestError):
    code = "body_too_large"


class UnknownTarget(RequestError):
    code = "unknown_target"


class SlowClient(RequestError):
    code = "slow_client"


class ClientGone(RequestError):
    code = "client_gone"


class AlreadyLoaded(RequestError):
    code = "already_loaded"


class ServingError(NeuronserveError):
    code = "serving"


class NotReady(ServingError):
    code = "not_ready"


class Overloaded(ServingError):
    code = "overloaded"


class DeadlineExceeded(ServingError):
    code = "deadline_exceeded"


class ModelFailed(ServingError):
    code = "model_failed"


class HandlerFailed(ServingError):
    """``status``: the HTTP status that the exception of the model's own code carried."""

    code = "handler_failed"

    def __init__(self, message: str, *, status: int = 500, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.status = status


class NoRoom(ServingError):
    code = "no_room"


class LoadFailed(ServingError):
    code = "load_failed"


class ProcessError(NeuronserveError):
    code = "process"


class ModelServerError(ProcessError):
    code = "model_server"


class WarmUpFailed(ModelServerError):
    code = "warm_up_failed"


class GoldenMismatch(ModelServerError):
    code = "golden_mismatch"


class GatewayError(ProcessError):
    code = "gateway"


class FrontError(ProcessError):
    code = "front"


class DeployError(NeuronserveError):
    code = "deploy"


class InvalidInput(DeployError):
    code = "invalid_input"


class NoSuchResource(DeployError):
    code = "no_such_resource"


class AwsRefused(DeployError):
    code = "aws_refused"


class AwsFailed(DeployError):
    code = "aws_failed"


class NotPlaced(DeployError):
    code = "not_placed"


class DeploymentFailed(DeployError):
    code = "deployment_failed"


class JobFailed(DeployError):
    code = "job_failed"


class EngineFailed(DeployError):
    code = "engine_failed"


class TimedOut(DeployError):
    code = "timed_out"
