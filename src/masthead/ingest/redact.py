"""Redaction at the door: what people should not find in a trace is replaced before anything is written to disk.

JSON text in which something is found, or whose escapes could hide something, is read, redacted inside and written
again, so that it stays JSON.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, cast

import orjson

from masthead.ingest.sensitive import Rule, Sensitive, checked, is_card, rules_of, whole
from masthead.ingest.wire import JsonObject, WireEvent, WireLink, WireSpan
from masthead.model.span import AttributeValue
from masthead.model.tenancy import Redaction

_NESTED_JSON: Final = 4


_SECRET_KEYS: Final = frozenset(
    {
        "apikey", "accesskey", "secretkey", "privatekey", "secret", "clientsecret", "accesstoken", "refreshtoken",
        "authtoken", "idtoken", "sessiontoken", "bearertoken", "password", "passwd", "pwd", "passphrase",
        "authorization", "proxyauthorization", "xapikey", "cookie", "setcookie", "credentials",
    }
)  # fmt: skip
"""Names whose value is a secret whatever it looks like; dashes, underscores, case and what is before a dot aside."""


class Redactor:
    """Redacts the texts of spans as one project wants it. Safe to use from several threads."""

    def __init__(self, redaction: Redaction) -> None:
        self._hides_secret_keys = "secret" in redaction.kinds
        self._hides_cards = "card" in redaction.kinds
        rules = rules_of(redaction.kinds)
        for place, custom in enumerate(redaction.custom):
            checked(custom.pattern, f"redaction.custom[{place}].pattern")
            rules.append(Rule(custom.name, custom.pattern, whole))
        self._sensitive = Sensitive(rules) if rules else None

    def spans(self, spans: Sequence[WireSpan]) -> tuple[list[WireSpan], Counter[str]]:
        """Return the spans without what is to be redacted, and how often each kind was."""
        counts: Counter[str] = Counter()
        resource: JsonObject | None = None
        clean_resource: JsonObject = {}
        clean: list[WireSpan] = []
        for span in spans:
            if span.resource is not resource:
                resource = span.resource
                clean_resource = self._object(resource, counts)
            clean.append(self._span(span, clean_resource, counts))
        return clean, counts

    def text(self, text: str, counts: Counter[str]) -> str:
        """Return the text without what is to be redacted, counting it by kind."""
        return self._text(text, counts, _NESTED_JSON)

    def _span(self, span: WireSpan, resource: JsonObject, counts: Counter[str]) -> WireSpan:
        return span._replace(
            name=self.text(span.name, counts),
            status_message=self.text(span.status_message, counts),
            attributes=self._object(span.attributes, counts),
            events=tuple(
                WireEvent(self.text(one.name, counts), one.time_ns, self._object(one.attributes, counts))
                for one in span.events
            ),
            links=tuple(
                WireLink(one.trace_id, one.span_id, self._object(one.attributes, counts)) for one in span.links
            ),
            resource=resource,
            scope_name=self.text(span.scope_name, counts),
            scope_version=self.text(span.scope_version, counts),
        )

    def _object(self, value: JsonObject, counts: Counter[str], depth: int = _NESTED_JSON) -> JsonObject:
        return {self._text(key, counts, depth): self._under(key, item, counts, depth) for key, item in value.items()}

    def _under(self, key: str, value: AttributeValue, counts: Counter[str], depth: int) -> AttributeValue:
        if self._hides_secret_keys and isinstance(value, str) and value and _is_secret_key(key):
            counts["secret"] += 1
            return _mark("secret")
        return self._value(value, counts, depth)

    def _value(self, value: AttributeValue, counts: Counter[str], depth: int) -> AttributeValue:
        match value:
            case str():
                return self._text(value, counts, depth)
            case bool():
                return value
            case int() if self._hides_cards and is_card(str(value)):
                counts["card"] += 1
                return _mark("card")
            case list():
                return [self._value(item, counts, depth) for item in value]
            case dict():
                return self._object(value, counts, depth)
            case _:
                return value

    def _text(self, text: str, counts: Counter[str], depth: int) -> str:
        if self._sensitive is None or not text:
            return text
        is_found = self._sensitive.is_in(text)
        if depth and (is_found or "\\u" in text):
            inner = _json_inside(text)
            if inner is not None:
                return self._json(text, inner, counts, depth - 1)
        if not is_found:
            return text

        def put(kind: str, _: str) -> str:
            counts[kind] += 1
            return _mark(kind)

        return self._sensitive.replaced(text, put)

    def _json(self, text: str, inner: AttributeValue, counts: Counter[str], depth: int) -> str:
        """Redact what a JSON text holds; the text itself is kept where nothing was found."""
        before = counts.total()
        clean = self._value(inner, counts, depth)
        return text if counts.total() == before else orjson.dumps(clean).decode()


def check(redaction: Redaction) -> None:
    """Raise `InvalidInput` where a custom pattern cannot be used, and say why."""
    Redactor(redaction)


def _mark(kind: str) -> str:
    return f"[redacted:{kind}]"


def _is_secret_key(key: str) -> bool:
    return key.rpartition(".")[2].lower().replace("-", "").replace("_", "") in _SECRET_KEYS


def _json_inside(text: str) -> AttributeValue:
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        return cast("AttributeValue", orjson.loads(text))
    except ValueError:
        return None
