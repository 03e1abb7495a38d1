from __future__ import annotations

from neuronserve import errors, exitcodes


def classes(cls: type[errors.NeuronserveError]) -> list[type[errors.NeuronserveError]]:
    return [
        cls,
        *(c for sub in cls.__subclasses__() for c in classes(sub) if c.__module__ == "neuronserve.errors"),
    ]


def make(cls: type[errors.NeuronserveError]) -> errors.NeuronserveError:
    return cls(["x"]) if cls is errors.SettingsError else cls("x")  # type: ignore[arg-type]


def test_every_error_that_can_end_a_start_has_a_code_of_its_own() -> None:
    ending = [
        c
        for base in (errors.ArtifactError, errors.ProcessError, errors.PlanError)
        for c in classes(base)
        if c is not errors.ProcessError
    ]
    codes = [exitcodes.of(make(c)) for c in [errors.SettingsError, *ending]]
    assert len(set(codes)) == len(codes)
    assert exitcodes.INTERNAL not in codes


def test_every_code_has_a_meaning() -> None:
    assert {exitcodes.of(make(c)) for c in classes(errors.NeuronserveError)} <= set(exitcodes.MEANINGS)


def test_an_unknown_exception_is_our_own_fault() -> None:
    assert exitcodes.of(ValueError()) == exitcodes.INTERNAL


def test_every_error_has_a_code_word_and_is_drawn_in_the_tree() -> None:
    drawn = errors.__doc__ or ""
    for cls in classes(errors.NeuronserveError):
        assert cls.__name__ in drawn
        assert cls.code.replace("_", "").isalpha()


def test_an_error_tells_what_and_what_to_do() -> None:
    error = errors.DiskFull("no room", hint="free some")
    assert str(error) == "no room (free some)"
    assert error.as_dict() == {"code": "disk_full", "error": "no room", "hint": "free some"}
