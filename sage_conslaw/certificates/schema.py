r"""
The schema of certificates, read from ``schema.json`` beside this file: types, ranges and keys, before anything is
computed.

Only what that file uses of JSON Schema is known here. Integers are exact: ``true`` and ``4.0`` are none.
"""
import functools
import json
import re
from pathlib import Path

from .errors import CertificateError

SCHEMA = "sage_conslaw.certificate/2"


@functools.lru_cache(maxsize=1)
def schema():
    """Return the schema as an object."""
    return json.loads((Path(__file__).parent / "schema.json").read_text(encoding="utf8"))


def check_schema(record):
    """Refuse a record that is not of the schema, and say where it is not."""
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise CertificateError(f"the schema is not {SCHEMA}")
    kind = "wide" if "width" in record else "certificate"
    reason = _mismatch(record, schema()["$defs"][kind], "the record")
    if reason is not None:
        raise CertificateError(reason)


def _mismatch(value, rule, where):
    """Return in words where a value is not as the rule says, or ``None``."""
    if "$ref" in rule:
        return _mismatch(value, schema()["$defs"][rule["$ref"].rsplit("/", 1)[1]], where)
    if "oneOf" in rule:
        return _none_fits(value, rule["oneOf"], where)
    # Words only: in Python 1 is True and 1.0, so a value is asked for its type before it is compared.
    if "const" in rule or "enum" in rule:
        allowed = rule.get("enum", [rule.get("const")])
        return None if type(value) is str and value in allowed else f"{where} is none of {', '.join(allowed)[:200]}"
    return {"object": _object, "array": _array, "string": _string, "integer": _integer}[rule["type"]](
        value, rule, where
    )


def _none_fits(value, rules, where):
    """Return ``None`` if one of the rules fits; else what the one with the fewest wrong keys says."""
    # All are tried, the nearest first: its reason is the one that a person can use.
    reasons = [(_distance(value, rule), i, rule) for i, rule in enumerate(rules)]
    best = None
    for _, _, rule in sorted(reasons, key=lambda item: item[:2]):
        reason = _mismatch(value, rule, where)
        if reason is None:
            return None
        best = best or reason
    return best


def _distance(value, rule):
    """Return in how many keys, or fixed words, a value differs from a rule."""
    if "$ref" in rule:
        rule = schema()["$defs"][rule["$ref"].rsplit("/", 1)[1]]
    kind = {dict: "object", list: "array", str: "string", int: "integer"}.get(type(value))
    if not isinstance(value, dict) or "properties" not in rule:
        return 0 if rule.get("type", "string") == kind else 100
    words = [key for key, part in rule["properties"].items() if "const" in part or "enum" in part]
    odd = sum(
        value.get(key) not in rule["properties"][key].get("enum", [rule["properties"][key].get("const")])
        for key in words
        if type(value.get(key)) is str
    )
    return len(set(rule["required"]) - set(value)) + len(set(value) - set(rule["properties"])) + odd


def _object(value, rule, where):
    if type(value) is not dict:
        return f"{where} is not an object"
    known, rest = rule.get("properties", {}), rule.get("additionalProperties")
    odd = sorted(set(rule.get("required", [])) - set(value)) + ([] if rest else sorted(set(value) - set(known)))
    if odd:
        return f"{where} has missing or unknown keys: {', '.join(map(str, odd))[:200]}"
    if len(value) > rule.get("maxProperties", len(value)):
        return f"{where} has more than {rule['maxProperties']} keys"
    for key, item in value.items():
        if key not in known and not re.fullmatch(rule["propertyNames"]["pattern"], key):
            return f"{where} has a key that is not a name"
        reason = _mismatch(item, known.get(key, rest), f"{where}: {key}" if where != "the record" else key)
        if reason is not None:
            return reason
    return None


def _array(value, rule, where):
    if type(value) is not list:
        return f"{where} is not a list"
    if not rule.get("minItems", 0) <= len(value) <= rule["maxItems"]:
        return f"{where} has {len(value)} entries; allowed are {rule.get('minItems', 0)} to {rule['maxItems']}"
    if "prefixItems" in rule:
        return next(filter(None, (_mismatch(x, part, where) for x, part in zip(value, rule["prefixItems"]))), None)
    # Millions of numbers in one expression: a call for each would take longer than the check.
    part = rule["items"]
    if "$ref" in part:
        part = schema()["$defs"][part["$ref"].rsplit("/", 1)[1]]
    if part.get("type") == "integer":
        low, high = part["minimum"], part["maximum"]
        good = all(type(x) is int and low <= x <= high for x in value)
        return None if good else f"{where} has an entry that is not an integer from {low} to {high}"
    return next(filter(None, (_mismatch(x, part, where) for x in value)), None)


def _string(value, rule, where):
    if type(value) is not str:
        return f"{where} is not a string"
    if len(value) > rule.get("maxLength", len(value)) or len(value) < rule.get("minLength", 0):
        return f"{where} has {len(value)} characters; allowed are at most {rule['maxLength']}"
    # The whole text: in Python $ matches before a last line break, which would then be part of a name.
    if "pattern" in rule and not re.fullmatch(rule["pattern"].removeprefix("^").removesuffix("$"), value):
        return f"{where} is not of the form {rule['pattern']}"
    return None


def _integer(value, rule, where):
    if type(value) is not int or not rule["minimum"] <= value <= rule["maximum"]:
        return f"{where} is not an integer from {rule['minimum']} to {rule['maximum']}"
    return None
