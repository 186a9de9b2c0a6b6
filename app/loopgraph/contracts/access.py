"""Who may do what: the roles and what each of them allows, and tokens. This table is the only place that says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from loopgraph.contracts.audit import ActorName
from loopgraph.contracts.base import Contract, Id, Instant, Principal


class Action(StrEnum):
    """What a caller may be allowed to do. Each route and each root field of GraphQL asks for one of these."""

    SEE_HEALTH = "see health"
    SEE_PAGES = "see pages"
    """The pages for browsers: programs that are the same for everybody, and hold nothing of the graph."""

    USE_GRAPHQL = "use GraphQL"
    """Reach ``/graphql`` and ``/mcp`` at all; each root field asks for its own action."""

    READ = "read"
    """Patterns, runs and what is known of them; of traces, what the principal may see."""

    TAKE_PART = "take part in experiments"
    """Be told which version of a pattern to run, or the plan that fits a prompt."""

    WRITE_EVENTS = "write events"
    ANNOTATE = "annotate"
    """Write what people know of what was recorded."""

    CHANGE_LINEAGE = "change the lineage"
    RUN_LOOP = "run the improvement loop"
    REVIEW = "review improvements"
    """Decide what the loop leaves to people: what is applied, and what is rolled back."""

    SEE_FIGURES = "see figures of everybody"
    """Sums over what everybody did."""


class Role(StrEnum):
    """What somebody is in a team. Of traces, each sees those that it recorded and those of the projects that are shared with it;
    an operator sees all."""

    VIEWER = "viewer"
    MEMBER = "member"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    SERVICE = "service"


ANYBODY: Final = frozenset({Action.SEE_HEALTH, Action.SEE_PAGES})
"""What needs no token."""

_VIEWER: Final = ANYBODY | {Action.USE_GRAPHQL, Action.READ}
_MEMBER: Final = _VIEWER | {
    Action.TAKE_PART,
    Action.WRITE_EVENTS,
    Action.ANNOTATE,
    Action.CHANGE_LINEAGE,
    Action.RUN_LOOP,
}

ACTIONS: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.MEMBER: _MEMBER,
        Role.REVIEWER: _MEMBER | {Action.REVIEW},
        Role.OPERATOR: frozenset(Action),
        Role.SERVICE: _VIEWER | {Action.TAKE_PART, Action.WRITE_EVENTS, Action.ANNOTATE},
    }
)
"""What each role may do."""

PEOPLE: Final = frozenset({Role.VIEWER, Role.MEMBER, Role.REVIEWER})
"""Roles of persons: they write into nothing that others recorded, and what they record is of no other user than they are. A
service records for its users, and an operator mends."""

ADMIN: Final = "admin"
"""The role of whoever reaches a service that tells nobody apart: it may do everything. No token has it."""

LOCAL: Final = Principal(subject="local", roles=(ADMIN,))
"""Whoever it is, where nobody is told apart."""

NOBODY: Final = Principal(subject="nobody")
"""Who shows no token where one is needed: it may do what anybody may, and sees no trace."""

_PROJECT: Final = re.compile(r"[^\s/\\,]+")


def _one_name(project: str) -> str:
    if not _PROJECT.fullmatch(project):
        raise ValueError(
            "must be the name of a project, or the last part of its folder, without blanks, commas and slashes"
        )
    return project


Project = Annotated[ActorName, AfterValidator(_one_name)]


class AccessToken(Contract):
    """A token, without its secret, which nobody keeps. ``name`` is whom it stands for: tokens of one name see the same.
    ``actions`` are those that it is kept to; None for all that its role has. ``created_by`` is who made it."""

    token_id: Id
    name: ActorName
    role: Role
    projects: tuple[Project, ...] = ()
    actions: tuple[Action, ...] | None = None
    created_at: Instant
    created_by: ActorName
    expires_at: Instant | None = None
    revoked_at: Instant | None = None
    last_used_at: Instant | None = None

    @property
    def principal(self) -> Principal:
        """Who shows it."""
        scopes = None if self.actions is None else frozenset(action.value for action in self.actions)
        return Principal(subject=self.name, roles=(self.role.value,), projects=self.projects, scopes=scopes)


class NewToken(Contract):
    """What a token is to be."""

    name: ActorName
    role: Role
    projects: Annotated[tuple[Project, ...], Field(max_length=100)] = ()
    actions: tuple[Action, ...] | None = None
    expires_at: Instant | None = None


class SignIn(Contract):
    """Somebody who has signed in to the console, without the secret that the browser keeps.

    ``token_id`` is the token by which; then it is the token that says what its holder may do, and ends the sign-in when it ends.
    Else ``issuer`` is who vouched for it, and ``roles`` and ``projects`` are what followed then, by the settings of which
    ``rules`` is the digest: under others it does not hold.
    """

    sign_in_id: Id
    name: ActorName
    roles: tuple[str, ...] = ()
    projects: tuple[Project, ...] = ()
    token_id: Id | None = None
    issuer: str | None = None
    rules: str | None = None
    created_at: Instant
    expires_at: Instant

    @property
    def principal(self) -> Principal:
        """Who signed in, where no token says it."""
        return Principal(subject=self.name, roles=self.roles, projects=self.projects)


class Asker(Contract):
    """Who asks, as a page is told. ``access`` is ``open`` where nobody is told apart. ``problem``: why nobody is signed in though
    a browser shows a session. ``issuer``: the identity provider by which one can sign in, None for none."""

    access: str
    signed_in: bool = False
    name: str | None = None
    roles: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    expires_at: Instant | None = None
    problem: str | None = None
    issuer: str | None = None


class Credentials(Contract):
    """What somebody signs in to the console with."""

    token: Annotated[str, Field(min_length=1, max_length=1_000)]


_ROLES: Final = {role.value: role for role in Role}


def allowed(principal: Principal | None, action: Action) -> bool:
    """Whether a principal may do this: one of its roles has the action, and it is not kept to others."""
    if principal is None or ADMIN in principal.roles:
        return True
    if action in ANYBODY:
        return True
    kept = principal.scopes is None or action.value in principal.scopes
    return kept and any(action in ACTIONS[_ROLES[role]] for role in principal.roles if role in _ROLES)


def is_person(principal: Principal) -> bool:
    """Whether all of its roles are those of persons."""
    return all(_ROLES.get(role) in PEOPLE for role in principal.roles)
