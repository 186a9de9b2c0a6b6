"""What every contract is made of: the frozen base model, ids, instants and free maps."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+#=-]*$")]
"""A client may bring its own ids: letters, digits and ``. _ : / @ + # = -``, at most 200 characters."""

ID_FORM = "must begin with a letter or digit and go on with letters, digits and . _ : / @ + # = -"

_ID: TypeAdapter[str] = TypeAdapter(Id)


def problem_of_id(text: str) -> str | None:
    """What is wrong with a text that is to be an id; None if nothing is."""
    try:
        _ID.validate_python(text)
    except ValidationError as error:
        badly_formed = error.errors()[0]["type"] == "string_pattern_mismatch"
        return ID_FORM if badly_formed else "must have 1 to 200 characters"
    return None


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Text = Annotated[str, StringConstraints(max_length=1_000_000)]
Content = str
"""What people, models and tools said: as long as a body may be, because privacy cuts it to what is kept."""

Unit = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
"""A score or rate, 0..1."""

NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


def utc(value: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive value, and for one outside the years 1 to 9999 in UTC."""
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie between the years 1 and 9999 in UTC") from error


Instant = Annotated[AwareDatetime, AfterValidator(utc)]
"""A timezone-aware instant, normalised to UTC."""

JsonMap = dict[str, Any]
"""A free map, stored as JSON text."""

EMPTY_MAP: Any = Field(default_factory=dict)
"""The default of a free map, for contracts that are made often: pydantic copies a default ``{}`` deeply each time."""


def json_form(value: Any) -> str:
    """For an encoder that meets bytes, as programs and properties of the graph can have in a free map: they are base64 (of URLs).

    Raises TypeError for anything else.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return urlsafe_b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


Tags = tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)], ...]


class Contract(BaseModel):
    """Frozen; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64")


class Page(Contract):
    """One page of a connection: ``after`` is the key of the last item already seen, None for the start."""

    first: Annotated[int, Field(ge=1)]
    after: str | None = None


class Principal(Contract):
    """Who asks: a subject, its roles, the projects that are shared with it, and what of all that its roles may do it is kept to
    (``scopes``; None for all). None in its place sees everything."""

    subject: Name
    roles: tuple[str, ...] = ()
    projects: tuple[Name, ...] = ()
    scopes: frozenset[str] | None = None

    @property
    def sees_everything(self) -> bool:
        """Whether it sees the traces of everybody."""
        return not _SEE_EVERYTHING.isdisjoint(self.roles)

    @property
    def keys(self) -> list[str]:
        """The keys by which it reads: its own, and those of its projects. No key of one kind is one of the other."""
        return [owner_key(self.subject), *map(project_key, self.projects)]


_SEE_EVERYTHING = frozenset({"admin", "operator"})


def asker_of(principal: Principal | None) -> str | None:
    """Who a principal is, for the parameter ``asker`` of queries that tell of what one said oneself; None for who sees all."""
    return None if principal is None or principal.sees_everything else principal.subject


def owner_key(subject: str) -> str:
    """What is stored of a principal at what it records, as its ``owner``."""
    return f"by:{subject}"


def project_key(project: str) -> str:
    """What is stored of a project at what is shared in it, as ``shared_in``."""
    return f"in:{project}"
