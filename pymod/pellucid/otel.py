"""OTEL_* environment variables as directives.

The rules are the specification's: an empty variable is an unset one, a value that cannot be used
is ignored with a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from . import _conf

PREFIX = "OTEL_EXPORTER_OTLP_"
AGGREGATIONS = {
    "explicit_bucket_histogram": "explicit",
    "base2_exponential_bucket_histogram": "exponential",
}
PROPAGATORS = ("tracecontext", "baggage", "b3", "b3multi", "jaeger")
# What can be exported, and what OTEL_<signal>_EXPORTER may say. (/metrics is there in any case.)
EXPORTERS = {
    "traces": ("otlp", "none"),
    "metrics": ("otlp", "prometheus", "none"),
    "logs": ("otlp", "none"),
}
# More than a thousand times less than the default: a number of seconds.
SUSPICIOUS_MS = 100


class Setting(NamedTuple):
    """A directive (or one pair of it), its value as TOML has it, and the variable that said so."""

    name: str
    value: Any
    source: str


def settings(
    environ: Mapping[str, str], is_set: Callable[[str], bool], warnings: list[str]
) -> list[Setting]:
    """What the environment fills in: directives that are not set already.

    is_set: whether flags or file have set the directive of that name. warnings: gets one line for
    each value that is ignored.
    """
    variables = {name: value.strip() for name, value in environ.items() if value.strip()}
    found: dict[str, Setting] = {}
    for setting in _all(variables, is_set, warnings.append):
        # The more specific variable comes first.
        if setting.name in found or is_set(setting.name):
            continue
        if _is_usable(setting, warnings.append):
            found[setting.name] = setting
    return list(found.values())


Warn = Callable[[str], None]
Variables = Mapping[str, str]


def _all(variables: Variables, is_set: Callable[[str], bool], warn: Warn) -> Iterator[Setting]:
    yield from _switches(variables, warn)
    yield from _resource(variables, warn)
    yield from _exporter(variables, is_set, warn)
    # A ratio of the file's own is not mixed with another sampler of the environment's.
    if not is_set("trace.ratio"):
        yield from _sampler(variables, warn)
    yield from _propagators(variables, warn)
    yield from _methods(variables)


def _is_usable(setting: Setting, warn: Warn) -> bool:
    section, key, *pair = setting.name.split(".", 2)
    value = {pair[0]: setting.value} if pair else setting.value
    try:
        _conf.check({section: {key: value}}, {"": setting.source})
    except ValueError as error:
        warn(f"{error}; ignored")
        return False
    return True


def _switches(variables: Variables, warn: Warn) -> Iterator[Setting]:
    disabled = variables.get("OTEL_SDK_DISABLED", "false").lower()
    if disabled == "true":
        yield Setting("otlp.signals", [], "OTEL_SDK_DISABLED")
    elif disabled != "false":
        warn(f'OTEL_SDK_DISABLED: found "{disabled}", allowed is true or false; ignored')
    off = [signal for signal in EXPORTERS if not _is_exported(signal, variables, warn)]
    if off:
        on = [signal for signal in EXPORTERS if signal not in off]
        source = ", ".join(f"OTEL_{signal.upper()}_EXPORTER" for signal in off)
        yield Setting("otlp.signals", on, source)


def _is_exported(signal: str, variables: Variables, warn: Warn) -> bool:
    """Whether OTEL_<signal>_EXPORTER leaves it to OTLP, as it does when it is not set."""
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    allowed = EXPORTERS[signal]
    words = _words(variables.get(variable, ""))
    for word in words:
        if word not in allowed:
            listed = ", ".join(allowed[:-1]) + f" and {allowed[-1]}"
            warn(f'{variable}: "{word}" is not supported, {listed} are; ignored')
    known = [word for word in words if word in allowed]
    return not known or "otlp" in known


def _resource(variables: Variables, warn: Warn) -> Iterator[Setting]:
    if name := variables.get("OTEL_SERVICE_NAME"):
        yield Setting("otlp.resource.service.name", name, "OTEL_SERVICE_NAME")
    variable = "OTEL_RESOURCE_ATTRIBUTES"
    for key, value in _pairs(variables, variable, warn).items():
        yield Setting(f"otlp.resource.{key}", value, variable)


def _exporter(variables: Variables, is_set: Callable[[str], bool], warn: Warn) -> Iterator[Setting]:
    for signal in EXPORTERS:
        variable = f"{PREFIX}{signal.upper()}_ENDPOINT"
        # An endpoint of the file is more than this one says: it must not lose to it.
        if variable in variables and not is_set("otlp.endpoint"):
            yield Setting(f"otlp.{signal}_endpoint", variables[variable], variable)
    if (variable := PREFIX + "ENDPOINT") in variables:
        yield Setting("otlp.endpoint", variables[variable], variable)
    yield from _sending(variables, "", warn)
    for signal in EXPORTERS:
        prefix = f"{signal}_"
        for setting in _sending(variables, prefix, warn):
            # What the file says of all signals must not lose to what is said here of one.
            if not is_set(setting.name.replace(prefix, "")):
                yield setting
    yield from _milliseconds(
        variables, "OTEL_METRIC_EXPORT_INTERVAL", "otlp.metrics_interval", warn
    )
    yield from _aggregation(variables, warn)
    for variable in (PREFIX + which + "PROTOCOL" for which in ("", "TRACES_", "METRICS_", "LOGS_")):
        if variable in variables:
            _look_at_protocol(variable, variables[variable], warn)


def _aggregation(variables: Variables, warn: Warn) -> Iterator[Setting]:
    variable = PREFIX + "METRICS_DEFAULT_HISTOGRAM_AGGREGATION"
    if (name := variables.get(variable)) is None:
        return
    if name in AGGREGATIONS:
        yield Setting("otlp.histogram", AGGREGATIONS[name], variable)
    else:
        allowed = " or ".join(f'"{word}"' for word in AGGREGATIONS)
        warn(f'{variable}: found "{name}", allowed is {allowed}; ignored')


def _sending(variables: Variables, prefix: str, warn: Warn) -> Iterator[Setting]:
    """How exports are sent; prefix: "" for those of all signals, "traces_" and so on for one."""
    start = PREFIX + prefix.upper()
    if headers := _pairs(variables, start + "HEADERS", warn):
        yield Setting(f"otlp.{prefix}headers", headers, start + "HEADERS")
    if text := variables.get(start + "COMPRESSION"):
        yield Setting(f"otlp.{prefix}compression", text, start + "COMPRESSION")
    yield from _milliseconds(variables, start + "TIMEOUT", f"otlp.{prefix}timeout", warn)
    for name in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"):
        if (variable := start + name) in variables:
            yield Setting(f"otlp.{prefix}{name.lower()}", variables[variable], variable)


def _look_at_protocol(variable: str, protocol: str, warn: Warn) -> None:
    if protocol != "http/protobuf":
        warn(
            f'{variable}: found "{protocol}", allowed is "http/protobuf"; ignored '
            "(see that the endpoint is that of OTLP over HTTP, usually port 4318)"
        )


def _milliseconds(variables: Variables, variable: str, name: str, warn: Warn) -> Iterator[Setting]:
    if (text := variables.get(variable)) is None:
        return
    if not (text.isascii() and text.isdigit()):
        warn(f'{variable}: found "{text}", allowed is a whole number of milliseconds; ignored')
        return
    if int(text) < SUSPICIOUS_MS:
        warn(f"{variable}: {text} are milliseconds, as OpenTelemetry specifies it")
    yield Setting(name, f"{text}ms", variable)


def _sampler(variables: Variables, warn: Warn) -> Iterator[Setting]:
    variable = "OTEL_TRACES_SAMPLER"
    if (sampler := variables.get(variable)) is None:
        return
    root = sampler.removeprefix("parentbased_")
    if root not in ("always_on", "always_off", "traceidratio"):
        warn(f'{variable}: "{sampler}" is not supported; ignored')
        return
    yield Setting("trace.parent_based", root != sampler, variable)
    if root == "always_off":
        # Nothing is wanted, slow and failed requests included.
        yield Setting("trace.keep", [], variable)
    if root == "traceidratio":
        yield Setting("trace.ratio", *_ratio(variables, variable, warn))
    else:
        yield Setting("trace.ratio", float(root == "always_on"), variable)


def _ratio(variables: Variables, sampler_variable: str, warn: Warn) -> tuple[float, str]:
    variable = "OTEL_TRACES_SAMPLER_ARG"
    if (text := variables.get(variable)) is None:
        return 1.0, sampler_variable
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if 0 <= ratio <= 1:
        return ratio, variable
    warn(f'{variable}: found "{text}", allowed is a number from 0 to 1; ignored')
    return 1.0, sampler_variable


def _propagators(variables: Variables, warn: Warn) -> Iterator[Setting]:
    variable = "OTEL_PROPAGATORS"
    if variable not in variables:
        return
    names = [name for name in _words(variables[variable]) if name != "none"]
    for name in names:
        if name not in PROPAGATORS:
            known = ", ".join(PROPAGATORS[:-1]) + f" and {PROPAGATORS[-1]}"
            warn(f'{variable}: "{name}" is not supported, {known} are; ignored')
    usable = [name for name in dict.fromkeys(names) if name in PROPAGATORS]
    yield Setting("trace.propagators", usable, variable)


def _methods(variables: Variables) -> Iterator[Setting]:
    variable = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"
    if methods := _words(variables.get(variable, "")):
        yield Setting("http.known_methods", list(dict.fromkeys(methods)), variable)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _pairs(variables: Variables, variable: str, warn: Warn) -> dict[str, str]:
    """A list of the form a=1,b=2 with percent-encoded values; a bad element costs only itself."""
    pairs = {}
    for number, element in enumerate(variables.get(variable, "").split(","), 1):
        name, equals, value = (part.strip() for part in element.partition("="))
        if equals and name:
            pairs[unquote(name)] = unquote(value)
        elif element.strip():
            # The element is not shown: it may be a secret.
            warn(f"{variable}: element {number} is not of the form name=value; ignored")
    return pairs
