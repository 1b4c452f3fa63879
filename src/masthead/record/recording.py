"""A recording: one span as a context manager, plain or async, and as a decorator of any kind of function."""

import copy
import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextvars import Token
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

from opentelemetry import context, trace
from opentelemetry.trace import Span, StatusCode

from masthead.record.quiet import quietly
from masthead.record.texts import text_of

_MOST_ITEMS: Final = 10_000

F = TypeVar("F", bound=Callable[..., Any])

Value = str | bool | int | float | list[str]


class Recording:
    """One span of the user's program. Entering starts it, leaving ends it; an exception marks it and goes on.

    As a decorator it wraps functions, coroutine functions and generators of both kinds; each call is a span of its
    own, with the arguments as what came in and the result as what came out.
    """

    def __init__(self, name: str, attributes: Mapping[str, Value] | None = None) -> None:
        self._name = name
        self._attributes: dict[str, Value] = dict(attributes or {})
        self._span: Span = trace.INVALID_SPAN
        self._token: Token[context.Context] | None = None

    @quietly
    def set(self, key: str, value: object) -> None:
        """Add an attribute; what OpenTelemetry has no form for is kept as text."""
        plain = value if isinstance(value, str | bool | int | float) else text_of(value)
        self._span.set_attribute(key, plain)

    @quietly
    def fail(self, error: BaseException | str) -> None:
        """Mark the span as failed, for a failure that the program handles itself."""
        if isinstance(error, BaseException):
            self._span.record_exception(error)
            self._span.set_attribute("error.type", type(error).__qualname__)
            error = f"{type(error).__name__}: {error}"
        self._span.set_status(StatusCode.ERROR, error)

    def came_in(self, arguments: Mapping[str, object]) -> None:
        """Note a decorated call's arguments; kinds of steps say how."""

    def came_out(self, result: object) -> None:
        """Note a decorated call's result; kinds of steps say how."""

    @quietly
    def note_arguments(self, read: "_Arguments", args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note what a decorated call was given."""
        self.came_in(read(args, kwargs))

    @quietly
    def note_result(self, result: object) -> None:
        """Note what a decorated call gave back."""
        self.came_out(result)

    @quietly
    def start(self) -> None:
        """Start the span, for a program that cannot use `with`."""
        tracer = trace.get_tracer("masthead")
        self._span = tracer.start_span(self._name, attributes=self._attributes)

    @quietly
    def attach(self) -> None:
        """Make the span the current one."""
        self._token = context.attach(trace.set_span_in_context(self._span))

    @quietly
    def detach(self) -> None:
        """Make the span current no longer."""
        token, self._token = self._token, None
        if token is not None:
            context.detach(token)

    @quietly
    def end(self, error: BaseException | None) -> None:
        """End the span; an error marks it as failed."""
        if error is not None and not isinstance(error, GeneratorExit):
            self.fail(error)
        self._span.end()

    def __enter__(self) -> Self:
        self.start()
        self.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.detach()
        self.end(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: F) -> F:
        """Wrap a function so that each of its calls is a span."""
        arguments = _argument_reader(function)
        if inspect.isasyncgenfunction(function):
            wrapper: Any = self._wrap_async_generator(function, arguments)
        elif inspect.isgeneratorfunction(function):
            wrapper = self._wrap_generator(function, arguments)
        elif inspect.iscoroutinefunction(function):
            wrapper = self._wrap_coroutine(function, arguments)
        else:
            wrapper = self._wrap_function(function, arguments)
        return cast("F", functools.wraps(function)(wrapper))

    def _wrap_function(self, function: Callable[..., Any], arguments: "_Arguments") -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            with copy.copy(self) as step:
                step.note_arguments(arguments, args, kwargs)
                result = function(*args, **kwargs)
                step.note_result(result)
                return result

        return call

    def _wrap_coroutine(self, function: Callable[..., Any], arguments: "_Arguments") -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            with copy.copy(self) as step:
                step.note_arguments(arguments, args, kwargs)
                result = await function(*args, **kwargs)
                step.note_result(result)
                return result

        return call

    def _wrap_generator(self, function: Callable[..., Any], arguments: "_Arguments") -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            step = copy.copy(self)
            source: Generator[Any, Any, Any] = function(*args, **kwargs)
            yielded: list[object] = []
            with _ended(step):
                step.note_arguments(arguments, args, kwargs)
                advance: Callable[[], Any] = functools.partial(source.send, None)
                while True:
                    with _attached(step):
                        try:
                            item = advance()
                        except StopIteration as stop:
                            step.note_result(_joined(yielded) if stop.value is None else stop.value)
                            return stop.value
                    _keep(yielded, item)
                    try:
                        sent = yield item
                    except GeneratorExit:
                        with _attached(step):
                            source.close()
                        raise
                    except BaseException as error:  # noqa: BLE001 - handed on to the user's generator, whose it is
                        advance = functools.partial(source.throw, error)
                    else:
                        advance = functools.partial(source.send, sent)

        return call

    def _wrap_async_generator(self, function: Callable[..., Any], arguments: "_Arguments") -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            step = copy.copy(self)
            source: AsyncGenerator[Any, Any] = function(*args, **kwargs)
            yielded: list[object] = []
            with _ended(step):
                step.note_arguments(arguments, args, kwargs)
                advance: Callable[[], Awaitable[Any]] = functools.partial(source.asend, None)
                while True:
                    with _attached(step):
                        try:
                            item = await advance()
                        except StopAsyncIteration:
                            step.note_result(_joined(yielded))
                            return
                    _keep(yielded, item)
                    try:
                        sent = yield item
                    except GeneratorExit:
                        with _attached(step):
                            await source.aclose()
                        raise
                    except BaseException as error:  # noqa: BLE001 - handed on to the user's generator, whose it is
                        advance = functools.partial(source.athrow, error)
                    else:
                        advance = functools.partial(source.asend, sent)

        return call


class _ended:  # noqa: N801 - read as a word in a `with` statement
    """Start a recording and end it at the close, without making it current."""

    def __init__(self, step: Recording) -> None:
        self._step = step

    def __enter__(self) -> None:
        self._step.start()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._step.end(error)


class _attached:  # noqa: N801
    """Make a recording current while its generator runs, and not while its caller does."""

    def __init__(self, step: Recording) -> None:
        self._step = step

    def __enter__(self) -> None:
        self._step.attach()

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self._step.detach()


_Arguments = Callable[[tuple[Any, ...], dict[str, Any]], Mapping[str, object]]


def _argument_reader(function: Callable[..., Any]) -> _Arguments:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return lambda _args, kwargs: kwargs

    def read(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, object]:
        try:
            bound = signature.bind_partial(*args, **kwargs).arguments
        except TypeError:
            return kwargs
        return {name: value for name, value in bound.items() if name not in {"self", "cls"}}

    return read


def _keep(items: list[object], item: object) -> None:
    """Note what a generator yielded, as far as memory that is not ours should be used for it."""
    if len(items) < _MOST_ITEMS:
        items.append(item)


def _joined(items: list[object]) -> object:
    return "".join(map(str, items)) if all(isinstance(item, str) for item in items) else items


def span(name: str, **attributes: Value) -> Recording:
    """Record any piece of work under a name of your own."""
    return Recording(name, attributes)
