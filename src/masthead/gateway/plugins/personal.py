"""Personal data and keys in texts: e-mail addresses, phone numbers, IBANs, cards, IP addresses, secrets.

Names, addresses and passwords in plain prose follow no pattern and are not found.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

from masthead.gateway.config_plugins import PersonalKind
from masthead.ingest.sensitive import Match, Put, Rule, Sensitive, rules_of, whole
from masthead.model.tenancy import RedactionKind

_IBAN_LENGTHS: Final = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d{2})",
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27"
        "GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22"
        "MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28"
        "TL23TN24TR26UA29VA22VG24XK20YE30",
    )
}
"""How long an account's number is, by country (the SWIFT registry)."""
_IBAN: Final = r"(^|[^0-9A-Za-z])((?i:[A-Z]{2})\d{2}(?:[ -]?[0-9A-Za-z]){11,30})"
_IPV4: Final = r"(^|[^0-9A-Za-z.])((?:\d{1,3}\.){3}\d{1,3})"
_IPV6: Final = r"(^|[^0-9A-Za-z:.])((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:\.\d{1,3}){0,3})"
_SHARED: Final[frozenset[PersonalKind]] = frozenset({"email", "phone", "card", "secret"})


def sensitive(kinds: Sequence[PersonalKind], patterns: Mapping[str, str], *, first: Sequence[Rule] = ()) -> Sensitive:
    """Return what finds these kinds and a person's own patterns; the rules of `first` go before all others."""
    shared = rules_of([cast("RedactionKind", kind) for kind in kinds if kind in _SHARED])
    rules = [*first, *(Rule(name, pattern, whole) for name, pattern in patterns.items())]
    rules += [rule for rule in shared if rule.kind in {"secret", "email"}]
    if "iban" in kinds:
        rules.append(Rule("iban", _IBAN, _iban))
    if "ip" in kinds:
        rules += [Rule("ip", _IPV6, _ip), Rule("ip", _IPV4, _ip)]
    return Sensitive([*rules, *(rule for rule in shared if rule.kind in {"card", "phone"})])


def _iban(match: Match, put: Put) -> str | None:
    """Take out an account's number that its country's length and its check digits make one; what follows it stays."""
    text = match.group(2) or ""
    length = _IBAN_LENGTHS.get(text[:2].upper())
    if length is None:
        return None
    end = count = 0
    for end, character in enumerate(text, 1):  # noqa: B007 - where the number ends
        count += character.isalnum()
        if count == length:
            break
    number = "".join(filter(str.isalnum, text[:end])).upper()
    if count < length or text[end : end + 1].isalnum() or not _is_checked(number):
        return None
    return f"{match.group(1)}{put(text[:end])}{text[end:]}"


def _is_checked(number: str) -> bool:
    """Say whether the check digits are right (ISO 7064, MOD 97-10)."""
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1


def _ip(match: Match, put: Put) -> str | None:
    """Take out an address that tells of somebody: not this machine's own, nor a clock's time."""
    text = match.group(2) or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if address.is_loopback or address.is_unspecified or not any(map(str.isdigit, text)):
        return None
    return f"{match.group(1)}{put(text)}"
