"""Where a value comes from: flags, file, OTEL_* environment, defaults; and the generated files."""

import tomllib

import pytest

from support.target import ROOT

FILE = """
[server]
app = "shop:app"
threads = 3
env = { A = "file", B = "file" }
[otlp]
resource = { team = "a", "service.name" = "file" }
"""


def test_every_value_has_a_source(pellucid):
    values = pellucid.values("--workers", "2", file=FILE, OTEL_EXPORTER_OTLP_TIMEOUT="5000")
    assert values["server.workers"] == (2, "flag --workers")
    assert values["server.threads"] == (3, "file pellucid.toml")
    assert values["otlp.timeout"] == ("5000ms", "environment OTEL_EXPORTER_OTLP_TIMEOUT")
    assert values["http.keepalive_timeout"] == ("75s", "default")


def test_without_a_file_there_are_defaults(pellucid):
    values = pellucid.values()
    assert {source for _, source in values.values()} == {"default"}
    assert values["server.bind"][0] == ["127.0.0.1:8000"]
    assert values["server.workers"][0] == "auto"
    assert values["trace.ratio"][0] == 1.0
    assert values["server.env"][0] == {}


def test_flags_win_over_file_over_environment(pellucid):
    file = '[otlp]\nendpoint = "http://file:1"\ncompression = "none"\n'
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://env:1",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1000",
    }
    values = pellucid.values("--set", "otlp.endpoint=http://flag:1", file=file, **env)
    assert values["otlp.endpoint"] == ("http://flag:1", "flag --set")
    assert values["otlp.compression"] == ("none", "file pellucid.toml")
    assert values["otlp.timeout"] == ("1000ms", "environment OTEL_EXPORTER_OTLP_TIMEOUT")


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("server.threads=4", "server.threads", 4),
        ("server.workers=auto", "server.workers", "auto"),
        ("server.preload=true", "server.preload", True),
        ("trace.ratio=0.5", "trace.ratio", 0.5),
        ("trace.ratio=1", "trace.ratio", 1),
        ("http.header_timeout=5s", "http.header_timeout", "5s"),
        ("http.header_timeout=5", "http.header_timeout", 5),
        (
            'server.bind=["127.0.0.1:1", "unix:/run/x"]',
            "server.bind",
            ["127.0.0.1:1", "unix:/run/x"],
        ),
        ("server.bind=127.0.0.1:1", "server.bind", ["127.0.0.1:1"]),
        ("trace.keep=[]", "trace.keep", []),
        ("server.root_path=/shop", "server.root_path", "/shop"),
        ('server.root_path="/shop"', "server.root_path", "/shop"),
        ("http.server_header=2.0", "http.server_header", "2.0"),
        ("http.access_log=off", "http.access_log", "off"),
        ("server.env.B=flag=1", "server.env", {"A": "file", "B": "flag=1"}),
        ("server.env.C=", "server.env", {"A": "file", "B": "file", "C": ""}),
        ('server.env={ X = "y" }', "server.env", {"X": "y"}),
        ("otlp.resource.service.name=shop", "otlp.resource", {"team": "a", "service.name": "shop"}),
    ],
)
def test_set(pellucid, setting, name, value):
    assert pellucid.values("--set", setting, file=FILE)[name][0] == value


def test_flags_of_their_own(pellucid):
    args = "--bind 127.0.0.1:1 --bind unix:/run/x --workers 2 --threads auto --interface asgi"
    args = args.replace("--threads auto", "--threads 9")
    args += " --preload --reload --access-log off --log-level debug"
    values = pellucid.values("shop:create()", *args.split(), file=FILE)
    expected = {
        "server.app": ("shop:create()", "flag APP"),
        "server.bind": (["127.0.0.1:1", "unix:/run/x"], "flag --bind"),
        "server.workers": (2, "flag --workers"),
        "server.threads": (9, "flag --threads"),
        "server.interface": ("asgi", "flag --interface"),
        "server.preload": (True, "flag --preload"),
        "server.reload": (True, "flag --reload"),
        "http.access_log": ("off", "flag --access-log"),
        "log.level": ("debug", "flag --log-level"),
    }
    assert {name: values[name] for name in expected} == expected


def test_later_flags_win(pellucid):
    values = pellucid.values("--workers", "2", "--set", "server.workers=3")
    assert values["server.workers"] == (3, "flag --set")
    values = pellucid.values("--set", "server.workers=3", "--workers", "2")
    assert values["server.workers"] == (2, "flag --workers")


def test_a_file_named_on_the_command_line(pellucid, scratch):
    (scratch / "other.toml").write_text("[server]\nthreads = 7\n")
    values = pellucid.values("-c", "other.toml", file=FILE)
    assert values["server.threads"] == (7, "file other.toml")
    assert values["server.app"] == ("", "default")


# --- OTEL_* ---


@pytest.mark.parametrize(
    ("env", "name", "value"),
    [
        ({"SERVICE_NAME": "shop"}, "otlp.resource", {"service.name": "shop"}),
        ({"SERVICE_NAME": ""}, "otlp.resource", {}),
        (
            {"SERVICE_NAME": "shop", "RESOURCE_ATTRIBUTES": "service.name=no, a = b%20c ,d=e=f"},
            "otlp.resource",
            {"service.name": "shop", "a": "b c", "d": "e=f"},
        ),
        ({"EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "otlp.endpoint", "http://c:4318"),
        (
            {"EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/x"},
            "otlp.traces_endpoint",
            "http://c:4318/x",
        ),
        ({"EXPORTER_OTLP_HEADERS": "a=b,c=d%2Ce"}, "otlp.headers", {"a": "***", "c": "***"}),
        (
            {"EXPORTER_OTLP_TRACES_HEADERS": "x=y", "EXPORTER_OTLP_HEADERS": "a=b"},
            "otlp.headers",
            {"a": "***"},
        ),
        ({"EXPORTER_OTLP_TRACES_HEADERS": "x=y"}, "otlp.traces_headers", {"x": "***"}),
        ({"EXPORTER_OTLP_METRICS_HEADERS": "x=y"}, "otlp.metrics_headers", {"x": "***"}),
        ({"EXPORTER_OTLP_LOGS_HEADERS": "x=y"}, "otlp.logs_headers", {"x": "***"}),
        ({"EXPORTER_OTLP_METRICS_COMPRESSION": "none"}, "otlp.metrics_compression", "none"),
        ({"EXPORTER_OTLP_METRICS_TIMEOUT": "3000"}, "otlp.metrics_timeout", "3000ms"),
        ({"EXPORTER_OTLP_COMPRESSION": "none"}, "otlp.compression", "none"),
        (
            {"EXPORTER_OTLP_TRACES_TIMEOUT": "3000", "EXPORTER_OTLP_TIMEOUT": "2000"},
            "otlp.traces_timeout",
            "3000ms",
        ),
        (
            {"EXPORTER_OTLP_LOGS_CERTIFICATE": "/dev/null"},
            "otlp.logs_certificate",
            "/dev/null",
        ),
        ({"TRACES_SAMPLER": "parentbased_always_on"}, "trace.ratio", 1.0),
        ({"TRACES_SAMPLER": "always_off"}, "trace.ratio", 0.0),
        ({"TRACES_SAMPLER": "always_off"}, "trace.keep", []),
        ({"TRACES_SAMPLER": "always_off"}, "trace.parent_based", False),
        ({"TRACES_SAMPLER": "parentbased_always_off"}, "trace.parent_based", True),
        ({"TRACES_SAMPLER": "traceidratio", "TRACES_SAMPLER_ARG": "0.25"}, "trace.ratio", 0.25),
        ({"TRACES_SAMPLER": "parentbased_traceidratio"}, "trace.ratio", 1.0),
        ({"TRACES_SAMPLER_ARG": "0.25"}, "trace.ratio", 1.0),
        ({"PROPAGATORS": "tracecontext"}, "trace.propagators", ["tracecontext"]),
        ({"PROPAGATORS": "b3,tracecontext,b3"}, "trace.propagators", ["b3", "tracecontext"]),
        ({"PROPAGATORS": "none"}, "trace.propagators", []),
        (
            {"EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:1/m"},
            "otlp.metrics_endpoint",
            "http://c:1/m",
        ),
        ({"METRIC_EXPORT_INTERVAL": "5000"}, "otlp.metrics_interval", "5000ms"),
        (
            {"EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "explicit_bucket_histogram"},
            "otlp.histogram",
            "explicit",
        ),
        (
            {
                "EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": (
                    "base2_exponential_bucket_histogram"
                )
            },
            "otlp.histogram",
            "exponential",
        ),
        ({"TRACES_EXPORTER": "none"}, "otlp.signals", ["metrics", "logs"]),
        ({"TRACES_EXPORTER": "otlp"}, "otlp.signals", ["traces", "metrics", "logs"]),
        ({"METRICS_EXPORTER": "none"}, "otlp.signals", ["traces", "logs"]),
        ({"METRICS_EXPORTER": "prometheus"}, "otlp.signals", ["traces", "logs"]),
        (
            {"METRICS_EXPORTER": "otlp,prometheus", "LOGS_EXPORTER": "none"},
            "otlp.signals",
            ["traces", "metrics"],
        ),
        ({"METRICS_EXPORTER": "none", "TRACES_EXPORTER": "none"}, "otlp.signals", ["logs"]),
        (
            {"INSTRUMENTATION_HTTP_KNOWN_METHODS": "GET, purge,GET,"},
            "http.known_methods",
            ["GET", "purge"],
        ),
        ({"SDK_DISABLED": "TRUE"}, "otlp.signals", []),
        ({"SDK_DISABLED": "false"}, "otlp.signals", ["traces", "metrics", "logs"]),
    ],
)
def test_otel(pellucid, env, name, value):
    ran = pellucid("config", "--json", env={f"OTEL_{k}": v for k, v in env.items()})
    assert ran.err == ""
    assert ran.json["values"][name]["value"] == value


@pytest.mark.parametrize(
    ("name", "value", "warning"),
    [
        (
            "EXPORTER_OTLP_ENDPOINT",
            "localhost:4318",
            'OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint: found "localhost:4318", allowed is a URL '
            'such as "http://127.0.0.1:4318", or nothing; ignored',
        ),
        (
            "EXPORTER_OTLP_COMPRESSION",
            "zstd",
            'OTEL_EXPORTER_OTLP_COMPRESSION: otlp.compression: found "zstd", allowed is "none" or '
            '"gzip"; ignored',
        ),
        (
            "EXPORTER_OTLP_TIMEOUT",
            "10s",
            'OTEL_EXPORTER_OTLP_TIMEOUT: found "10s", allowed is a whole number of milliseconds; '
            "ignored",
        ),
        (
            "EXPORTER_OTLP_TIMEOUT",
            "10",
            "OTEL_EXPORTER_OTLP_TIMEOUT: 10 are milliseconds, as OpenTelemetry specifies it",
        ),
        (
            "EXPORTER_OTLP_PROTOCOL",
            "grpc",
            'OTEL_EXPORTER_OTLP_PROTOCOL: found "grpc", allowed is "http/protobuf"; ignored (see '
            "that the endpoint is that of OTLP over HTTP, usually port 4318)",
        ),
        (
            "EXPORTER_OTLP_LOGS_PROTOCOL",
            "http/json",
            'OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: found "http/json", allowed is "http/protobuf"; '
            "ignored (see that the endpoint is that of OTLP over HTTP, usually port 4318)",
        ),
        (
            "EXPORTER_OTLP_HEADERS",
            "a=b,secret",
            "OTEL_EXPORTER_OTLP_HEADERS: element 2 is not of the form name=value; ignored",
        ),
        (
            "TRACES_SAMPLER",
            "jaeger_remote",
            'OTEL_TRACES_SAMPLER: "jaeger_remote" is not supported; ignored',
        ),
        (
            "TRACES_EXPORTER",
            "console",
            'OTEL_TRACES_EXPORTER: "console" is not supported, otlp and none are; ignored',
        ),
        (
            "PROPAGATORS",
            "xray,tracecontext",
            'OTEL_PROPAGATORS: "xray" is not supported, tracecontext, baggage, b3, b3multi and jaeger '
            "are; ignored",
        ),
        (
            "INSTRUMENTATION_HTTP_KNOWN_METHODS",
            "GET,GE T",
            'OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: http.known_methods: found "GE T", allowed is an '
            'HTTP method of at most 15 characters, other than "_OTHER"; ignored',
        ),
        (
            "SDK_DISABLED",
            "yes",
            'OTEL_SDK_DISABLED: found "yes", allowed is true or false; ignored',
        ),
    ],
)
def test_otel_values_that_cannot_be_used_are_ignored(pellucid, name, value, warning):
    ran = pellucid("config", env={f"OTEL_{name}": value})
    assert ran.status == 0
    assert ran.err == f"warning: {warning}\n"


@pytest.mark.parametrize("arg", ["2", "-0.1", "nan", "x"])
def test_a_bad_sampler_argument_is_as_if_unset(pellucid, arg):
    env = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": arg}
    ran = pellucid("config", "--json", env=env)
    assert ran.json["values"]["trace.ratio"]["value"] == 1.0
    assert f'found "{arg}", allowed is a number from 0 to 1; ignored' in ran.err


def test_resource_attributes_are_filled_one_by_one(pellucid):
    values = pellucid.values(
        file=FILE, OTEL_SERVICE_NAME="env", OTEL_RESOURCE_ATTRIBUTES="team=b,zone=c"
    )
    assert values["otlp.resource"] == (
        {"team": "a", "service.name": "file", "zone": "c"},
        "file pellucid.toml, environment OTEL_RESOURCE_ATTRIBUTES",
    )


@pytest.mark.parametrize("signal", ["traces", "metrics"])
def test_an_endpoint_of_the_file_is_not_overruled_by_that_of_a_signal(pellucid, signal):
    env = {f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT": f"http://env:4318/v1/{signal}"}
    values = pellucid.values(file='[otlp]\nendpoint = "http://file:4318"\n', **env)
    assert values[f"otlp.{signal}_endpoint"] == ("", "default")


def test_a_ratio_of_the_file_is_not_mixed_with_another_sampler(pellucid):
    values = pellucid.values(file="[trace]\nratio = 0.1\n", OTEL_TRACES_SAMPLER="always_off")
    assert values["trace.ratio"] == (0.1, "file pellucid.toml")
    assert values["trace.keep"][1] == values["trace.parent_based"][1] == "default"


# --- faults ---


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (
            '[server]\nthreads = "many"\n',
            'pellucid.toml: server.threads: found "many", allowed is a whole number from 1 to 1024',
        ),
        (
            "[server]\nthread = 4\n",
            "pellucid.toml: unknown key server.thread, did you mean server.threads?",
        ),
        (
            "[server]\nthreads = 5000\n",
            "pellucid.toml: server.threads: found 5000, allowed is a whole number from 1 to 1024",
        ),
        (
            "[server]\nthreads = 2026-11-22\n",
            "pellucid.toml: server.threads: found datetime.date(2026, 11, 22), allowed is a string, "
            "a number, true, false, a list or a table",
        ),
        (
            "[server]\nthreads = 123456789012345678901234567890\n",
            "pellucid.toml: server.threads: found 123456789012345678901234567890, allowed is a "
            "number of 64 bits",
        ),
        (
            '[server]\napp = "a\\u0000b"\n',
            "pellucid.toml: server.app: found 'a\\x00b', allowed is text without NUL characters",
        ),
        (
            "[profile]\ncpu_rate = 97\n",
            "pellucid.toml: unknown section [profile], known are [server], [http], [log], "
            "[recycle], [requests], [trace], [otlp], [admin], [[route]]",
        ),
        (
            "[otlp.resource]\nservice.name = 'shop'\n",
            "pellucid.toml: otlp.resource.service: found a table, allowed is a string (a name with "
            "dots in it needs quotes)",
        ),
        (
            "[server\n",
            "pellucid.toml: not valid TOML: Expected ']' at the end of a table declaration (at "
            "line 1, column 8)",
        ),
    ],
)
def test_a_fault_is_one_line(pellucid, file, line):
    ran = pellucid("config", file=file)
    assert (ran.status, ran.out, ran.err) == (1, "", line + "\n")


def test_files_that_cannot_be_read(pellucid, scratch):
    ran = pellucid("config", "-c", "nofile.toml")
    assert (ran.status, ran.err) == (
        1,
        "nofile.toml: cannot be read: No such file or directory\n",
    )
    (scratch / "binary.toml").write_bytes(b"\xff\xfe")
    ran = pellucid("config", "-c", "binary.toml")
    assert (ran.status, ran.err) == (1, "binary.toml: not valid TOML: byte 0 is not UTF-8\n")
    ran = pellucid("config", "-c", ".")
    assert (ran.status, ran.err) == (1, ".: cannot be read: Is a directory\n")
    (scratch / "deep.toml").write_text("x = " + "[" * 100000)
    ran = pellucid("config", "-c", "deep.toml")
    assert (ran.status, ran.err) == (1, "deep.toml: nested too deeply\n")


def test_secrets_are_not_shown(pellucid):
    file = '[admin]\ntoken = "hunter2"\n[otlp]\nheaders = { api-key = "hunter2" }\n'
    for args in ((), ("--json",)):
        ran = pellucid("config", *args, file=file)
        assert "hunter2" not in ran.out
        assert "***" in ran.out


def test_urls_are_shown_without_credentials(pellucid):
    file = (
        '[otlp]\nendpoint = "https://me:hunter2@c:1/x"\nlogs_endpoint = "http://c/l?key=hunter2"\n'
    )
    values = pellucid.values(file=file)
    assert values["otlp.endpoint"][0] == "https://***@c:1/x"
    assert values["otlp.logs_endpoint"][0] == "http://c/l?***"


# --- the generated files ---


def test_the_text_form_is_a_file_with_the_same_values(pellucid):
    file = FILE + '[[route]]\nmatch = "GET /x"\nslow = "1s"\n'
    text = pellucid("config", "--threads", "5", file=file).out
    document = tomllib.loads(text)
    assert document["server"]["threads"] == 5
    assert document["route"] == [{"match": "GET /x", "slow": "1s"}]
    again = pellucid("config", file=text).out
    assert tomllib.loads(again) == document


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ("toml", "conf/pellucid.toml"),
        ("markdown", "conf/README.md"),
        ("logs", "conf/logs.md"),
    ],
)
def test_the_reference_is_what_the_table_makes(pellucid, form, path):
    made = pellucid("config", "--reference", form).out
    assert made == (ROOT / path).read_text(), f"pellucid config --reference {form} > {path}"


def test_the_reference_uncommented_is_the_defaults(pellucid):
    text = (ROOT / "conf" / "pellucid.toml").read_text()
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    keys = [line for line in lines if line.startswith("[") or " = " in line.partition("#")[0]]
    keys = [line for line in keys if not line.startswith("--set")]
    values = pellucid.values(file="\n".join(keys))
    assert {name: v for name, (v, _) in values.items()} == {
        name: v for name, (v, _) in pellucid.values().items()
    }
    assert {source for _, source in values.values()} == {"file pellucid.toml"}


def test_the_shipped_files_are_valid(pellucid):
    for name in ("pellucid.toml", "minimal.toml"):
        assert pellucid("config", "-c", str(ROOT / "conf" / name)).status == 0
