"""The command line: usage, exit status, and what `pellucid check` finds."""

import pytest

WSGI = """
def app(environ, start_response):
    start_response("200 OK", [])
    return []
"""


@pytest.fixture
def module(scratch):
    """Writes an importable module: module("shop", code)."""

    def write(name, code):
        (scratch / f"{name}.py").write_text(code)

    return write


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--frobnicate"], "pellucid: unrecognized arguments: --frobnicate (see pellucid --help)"),
        (["--work", "3"], "pellucid: unrecognized arguments: --work (see pellucid --help)"),
        (
            ["--workers"],
            "pellucid: argument --workers: expected one argument (see pellucid --help)",
        ),
        (["--set", "x"], 'pellucid: --set: found "x", allowed is section.key=value'),
        (["--set", "x=1"], 'pellucid: --set: found "x=1", allowed is section.key=value'),
        (["--set", "x.=1"], 'pellucid: --set: found "x.=1", allowed is section.key=value'),
        (["--workers", "many"], '--workers: server.workers: found "many", allowed is'),
        (["--set", "server.thread=1"], "--set: unknown key server.thread, did you mean"),
        (["--set", "route.match=/x"], "--set: route: found a table, allowed is a list of tables"),
        (["--bind", "nowhere"], '--bind: server.bind: found "nowhere" (the port is missing)'),
        (
            ["config", "--json", "--reference", "toml"],
            "pellucid: argument --reference: not allowed",
        ),
        (["-c", "x.toml", "check"], "pellucid: a command comes first: pellucid check ... (see"),
        ([], "no app: name one, as in `pellucid shop.wsgi:application`, or set server.app in"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(pellucid, args, message):
    ran = pellucid(*args)
    assert ran.status == 2
    assert ran.err.startswith(message)
    assert ran.err.count("\n") == 1
    assert ran.out == ""


def test_a_faulty_file_is_one_line_and_status_1(pellucid):
    for command in ([], ["check"], ["config"]):
        ran = pellucid(*command, file="[server]\nthread = 1\n")
        assert (ran.status, ran.out) == (1, "")
        assert ran.err == "pellucid.toml: unknown key server.thread, did you mean server.threads?\n"


def test_help_and_version(pellucid):
    ran = pellucid("--help")
    assert ran.status == 0
    assert "pellucid check" in ran.out
    assert "--set" in ran.out
    ran = pellucid("--version")
    assert ran.status == 0
    assert ran.out.startswith("pellucid 0.")


# --- check ---


def test_check_says_what_the_app_is(pellucid, module):
    module("shop", WSGI)
    ran = pellucid("check", file='[server]\napp = "shop:app"\n')
    assert ran.status == 0
    assert ran.out.startswith(
        "pellucid.toml: valid\nshop:app: WSGI, no framework known to Pellucid, imported in "
    )


def test_check_without_an_app(pellucid):
    ran = pellucid("check", file="")
    assert (ran.status, ran.out) == (0, "pellucid.toml: valid\nno app is set (server.app)\n")


@pytest.mark.parametrize(
    ("framework", "code", "found"),
    [
        ("flask", "import flask\napp = flask.Flask('x')", "WSGI, Flask "),
        (
            "flask",
            "import flask\nfrom werkzeug.middleware.proxy_fix import ProxyFix\n"
            "app = ProxyFix(flask.Flask('x'))",
            "WSGI, Flask ",
        ),
        ("flask", "import flask\napp = flask.Flask('x').wsgi_app", "WSGI, Flask "),
        ("fastapi", "import fastapi\napp = fastapi.FastAPI()", "ASGI, FastAPI "),
        (
            "starlette",
            "from starlette.applications import Starlette\napp = Starlette()",
            "ASGI, Starlette ",
        ),
        (
            "django",
            "from django.conf import settings\nsettings.configure()\n"
            "from django.core.wsgi import get_wsgi_application\napp = get_wsgi_application()",
            "WSGI, Django ",
        ),
        (
            "django",
            "from django.conf import settings\nsettings.configure()\n"
            "from django.core.asgi import get_asgi_application\napp = get_asgi_application()",
            "ASGI, Django ",
        ),
    ],
)
def test_check_knows_frameworks(pellucid, module, framework, code, found):
    pytest.importorskip(framework)
    module("shop", code)
    ran = pellucid("check", "shop")
    assert ran.status == 0, ran.err
    assert f"shop: {found}" in ran.out


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("shop", "WSGI"),
        ("shop:app", "WSGI"),
        ("shop:nested.inner.app", "WSGI"),
        ("shop:create()", "WSGI"),
        ("shop:create('x', debug=True)", "WSGI"),
        ("shop:coroutine", "ASGI"),
        ("shop:Callable()", "ASGI"),
        ("package.inner:app", "WSGI"),
    ],
)
def test_how_an_app_is_named(pellucid, module, scratch, spec, found):
    module(
        "shop",
        WSGI
        + """
class nested:
    class inner:
        app = app

def create(name="", debug=False):
    assert debug == bool(name)
    return app

async def coroutine(scope, receive, send):
    pass

class Callable:
    async def __call__(self, scope, receive, send):
        pass
""",
    )
    (scratch / "package").mkdir()
    (scratch / "package" / "inner.py").write_text(WSGI)
    ran = pellucid("check", spec)
    assert ran.status == 0, ran.err
    assert f"{spec}: {found}, " in ran.out


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("nomodule", 'app "nomodule": there is no module nomodule in {folder} (server.chdir), nor'),
        ("shop.py", 'app "shop.py": there is no module shop.py in {folder} (server.chdir), nor'),
        ("shop.inner", 'app "shop.inner": there is no module shop.inner in {folder}'),
        ("shop:nothing", 'app "shop:nothing": shop has no nothing'),
        ("shop:app.nothing", 'app "shop:app.nothing": shop has no app.nothing'),
        ("shop:", 'app "shop:": allowed is module:attribute or a factory, module:create_app()'),
        ("shop:1", 'app "shop:1": allowed is module:attribute or a factory, module:create_app()'),
        ("shop:a b", 'app "shop:a b": allowed is module:attribute or a factory'),
        (":app", 'app ":app": "" is not the name of a module'),
        ("../shop:app", 'app "../shop:app": "../shop" is not the name of a module'),
        ("shop:app(x)", 'app "shop:app(x)": the arguments of a factory are literals, such as'),
        ("shop:number()", 'app "shop:number()": number cannot be called'),
        ("empty", 'app "empty": empty has neither `application` nor `app`; name the attribute'),
    ],
)
def test_an_app_that_is_not_there_is_one_line(pellucid, module, scratch, spec, line):
    module("shop", WSGI + "number = 5\n")
    module("empty", "")
    ran = pellucid("check", spec)
    assert ran.status == 1
    assert ran.err.startswith(line.format(folder=scratch))
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("import nothere\n", 'File "{folder}/shop.py", line 1, in <module>', "ModuleNotFoundError"),
        ("1 +\n", 'File "{folder}/shop.py", line 1', "SyntaxError: invalid syntax"),
        ("raise ValueError('x')\n", 'File "{folder}/shop.py", line 1', "ValueError: x"),
        ("raise SystemExit(3)\n", 'File "{folder}/shop.py", line 1', "SystemExit: 3"),
    ],
)
def test_an_import_that_fails_shows_the_apps_part_of_the_traceback(
    pellucid, module, scratch, code, first, last
):
    module("shop", code)
    ran = pellucid("check", "shop:app")
    assert ran.status == 1
    lines = ran.err.splitlines()
    assert lines[0] == 'app "shop:app": the import failed'
    files = [line.strip() for line in lines if line.startswith("  File ")]
    assert len(files) == 1
    assert files[0].startswith(first.format(folder=scratch))
    assert lines[-1].startswith(last)


def test_something_else_than_an_app(pellucid, module):
    module("shop", "app = 5\n")
    ran = pellucid("check", "shop")
    assert ran.status == 1
    assert "server.app shop: an object of type int is not callable" in ran.err
    assert ran.err.count("\n") == 1


def test_chdir_and_env_are_the_apps(pellucid, scratch):
    inner = scratch / "src"
    inner.mkdir()
    code = "import os\nassert os.environ['MODE'] == 'x' and os.getcwd().endswith('/src')\n" + WSGI
    (inner / "shop.py").write_text(code)
    ran = pellucid("check", "shop", file='[server]\nchdir = "src"\nenv = { MODE = "x" }\n')
    assert ran.status == 0, ran.err
    ran = pellucid("check", "shop", file='[server]\nchdir = "nowhere"\n')
    assert (ran.status, ran.err) == (1, "server.chdir: nowhere: No such file or directory\n")
