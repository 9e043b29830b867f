"""HTTP sessions that go nowhere we may not: addresses are judged as text and as what they lead to.

The addresses that were judged are the ones that are connected to, so a name cannot change its mind in between.
"""

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from soma_common.kernel.addresses import AddressRules

_CONNECT_TIMEOUT_SECONDS = 10.0
_MOST_CAUSES = 16


class AddressRefusedError(aiohttp.ClientError, OSError):
    """A request was on its way to a place that is not allowed; `problem` is a phrase for a person."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class _JudgingResolver(AbstractResolver):
    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for place in found:
            problem = self._rules.number_problem(host, place["host"].partition("%")[0])
            if problem is not None:
                raise AddressRefusedError(problem)
        return found

    async def close(self) -> None:
        await self._resolver.close()


def guarded_session(rules: AddressRules) -> aiohttp.ClientSession:
    """A session of one's own: connections are kept, no total time limit, long lines are read."""

    async def judge(_: aiohttp.ClientSession, __: SimpleNamespace, begun: aiohttp.TraceRequestStartParams) -> None:
        # A number in the address is connected to without a look-up.
        problem = rules.url_problem(str(begun.url.with_query(None)))
        if problem is not None:
            raise AddressRefusedError(problem)

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(judge)
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30, resolver=_JudgingResolver(rules))
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_SECONDS)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, read_bufsize=2**18, trace_configs=[tracing])


def refusal_in(failure: BaseException) -> AddressRefusedError | None:
    """The refusal that a failure came of, else None."""
    for cause in causes(failure):
        inner = cause.os_error if isinstance(cause, aiohttp.ClientConnectorError) else cause
        if isinstance(inner, AddressRefusedError):
            return inner
    return None


def causes(failure: BaseException) -> Iterator[BaseException]:
    """The failure and what it came of, the nearest first."""
    cause: BaseException | None = failure
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
