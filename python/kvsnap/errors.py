"""Why a snapshot cannot be read or written."""


class SnapshotError(Exception):
    """One sentence that names the file and what is wrong. `status` is that of `enum kvsnap_status`,
    and the exit code of the command qfilters."""

    status = 1


class NotStoredError(SnapshotError, ValueError):
    """The snapshot does not hold what was asked for, or an argument is wrong."""

    status = 64


class MalformedError(SnapshotError, ValueError):
    """A file breaks a rule of the format, or was damaged."""

    status = 65


class MissingError(SnapshotError, FileNotFoundError):
    """A file is not there."""

    status = 66


class SystemFailure(SnapshotError, OSError):
    """The system could not read or write."""

    status = 74


class KeyNeededError(SnapshotError, PermissionError):
    """An encrypted snapshot, and no key that opens it."""

    status = 77


class OtherModelError(SnapshotError, ValueError):
    """Files of different models."""

    status = 78


KINDS = {
    kind.status: kind
    for kind in (
        NotStoredError,
        MalformedError,
        MissingError,
        SystemFailure,
        KeyNeededError,
        OtherModelError,
    )
}


def error_of(status: int, message: str) -> SnapshotError:
    """The exception for a status."""
    error = KINDS.get(status, SnapshotError)(message)
    error.status = status
    return error
