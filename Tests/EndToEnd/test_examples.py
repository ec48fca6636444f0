"""Every example: it parses, holds against its host's public schema, names options that exist, and does its work."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
from urllib.parse import parse_qs, unquote, urlsplit

import kubernetes_validate
import pytest
import yaml

from harness import BINARY, Server
from manual import ROOT, calls, commands
from test_action import ACTION, VERSION, Runner, digest, stand_in
from test_yunxiao import TOKEN as FLOW_TOKEN, Flow

EXAMPLES = ROOT / "examples"
COMMIT = "50f0acb76a40e34a4ff304f7347dcc6587da8a14"
TOOLS = pathlib.Path(sys.executable).parent
WRITTEN = sorted(path for path in EXAMPLES.iterdir()) + [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "action/README.md"]
SECRETS = {"YUNXIAO_ACCESS_TOKEN": FLOW_TOKEN, "GH_TOKEN": "gh", "GITLAB_TOKEN": "gl",
           "HUAWEICLOUD_SDK_AK": "ak", "HUAWEICLOUD_SDK_SK": "sk",
           "ALIBABA_CLOUD_ACCESS_KEY_ID": "ak", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "sk"}


def read(name):
    return (EXAMPLES / name).read_text()


def parts(name):
    return list(yaml.safe_load_all(read(name)))


# What the hosts would give to a shell.

def component(given):
    """The job of the GitLab component, with its inputs filled in as GitLab does."""
    head, body = read("gitlab-component.yml").split("\n---\n")
    inputs = yaml.safe_load(head)["spec"]["inputs"]
    assert set(given) <= set(inputs)
    for name, spec in inputs.items():
        value = given[name] if name in given else spec["default"]
        assert value in spec.get("options", [value])
        body = body.replace(f"$[[ inputs.{name} ]]", str(value))
    assert "$[[" not in body
    (job,) = yaml.safe_load(body).values()
    return job


def gitlab():
    job = component(parts("gitlab.yml")[0]["include"][0]["inputs"])
    # GitLab fills the variables of a job into one another.
    options = job["variables"]["PIPELATCH_OPTIONS"].replace("$CI_COMMIT_SHA", COMMIT)
    return "\n".join(job["script"]), {**job["variables"], "PIPELATCH_OPTIONS": options}


def yunxiao():
    steps = parts("yunxiao.yml")[0]["stages"]["gate_stage"]["jobs"]["gate_job"]["steps"]
    return steps["gate_step"]["with"]["run"], {"CI_COMMIT_SHA": COMMIT}


def codearts():
    return parts("codearts.yml")[0]["steps"]["PRE_BUILD"][1]["sh"]["inputs"]["command"], {"COMMIT_ID": COMMIT}


def jenkins():
    script = re.search(r"sh '''\n(.*?)'''", read("Jenkinsfile"), re.DOTALL)[1]
    return script, {"GIT_COMMIT": COMMIT, "BUILD_TAG": "jenkins-app-7"}


def azure():
    step = parts("azure-pipelines.yml")[0]["steps"][0]
    assert step["env"]["COMMIT"] == "$(Build.SourceVersion)"
    return step["bash"], {"COMMIT": COMMIT}


def buildkite():
    step = parts("buildkite.yml")[0]["steps"][0]
    return step["command"].replace("$$", "$"), {"BUILDKITE_COMMIT": COMMIT, "BUILDKITE_BUILD_ID": "b-1"}


def circleci():
    step = parts("circleci.yml")[0]["jobs"]["gate"]["steps"][0]["run"]
    return step["command"], {"CIRCLE_SHA1": COMMIT}


HOSTS = {"gitlab": (gitlab, ["github"]), "yunxiao": (yunxiao, ["github"]),
         "codearts": (codearts, ["gitlab"]), "jenkins": (jenkins, ["yunxiao"]),
         "azure": (azure, ["github"]), "buildkite": (buildkite, ["gitlab"]),
         "circleci": (circleci, ["gitlab"])}


# The vendors asked, as their documents have them.

def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class GitHub:
    """https://docs.github.com/en/rest/actions/workflow-runs: one run of ci.yml for the commit."""

    def __init__(self, conclusion):
        self.conclusion = {"SUCCESS": "success", "FAIL": "failure"}[conclusion]

    def __call__(self, request):
        url = urlsplit(request.path)
        if request.headers.get("authorization") != "Bearer gh":
            return 401, {}, {"message": "Bad credentials"}
        job = {"id": 2, "run_id": 1, "run_attempt": 1, "head_sha": COMMIT, "status": "completed",
               "conclusion": self.conclusion, "name": "build", "created_at": now(), "started_at": now(),
               "completed_at": now(), "workflow_name": "CI", "html_url": "https://github.com/octo/app/j/2"}
        found = {"id": 1, "name": "CI", "head_branch": "main", "head_sha": COMMIT, "event": "push",
                 "path": ".github/workflows/ci.yml", "status": "completed", "run_attempt": 1,
                 "run_number": 1, "conclusion": self.conclusion, "workflow_id": 9, "created_at": now(),
                 "updated_at": now(), "run_started_at": now(), "display_title": "x", "pull_requests": [],
                 "html_url": "https://github.com/octo/app/actions/runs/1", "check_suite_id": 3}
        if url.path == "/repos/octo/app/actions/workflows/ci.yml/runs":
            asked = parse_qs(url.query).get("head_sha", [COMMIT])
            runs = [found] if asked == [COMMIT] else []
            return 200, {}, {"total_count": len(runs), "workflow_runs": runs}
        if url.path == "/repos/octo/app/actions/runs/1":
            return 200, {}, found
        if url.path.endswith("/jobs"):
            return 200, {}, {"total_count": 1, "jobs": [job]}
        if url.path.endswith("/logs"):
            return 200, {"content-type": "text/plain"}, "boom\n"
        return 404, {}, {"message": "Not Found"}


class GitLab:
    """https://docs.gitlab.com/api/pipelines: one pipeline for the commit, one that was started."""

    def __init__(self, word):
        self.word = {"SUCCESS": "success", "FAIL": "failed"}[word]
        self.variables = []

    def pipeline(self, id):
        return {"id": id, "iid": id, "project_id": 21, "sha": COMMIT, "ref": "main", "status": self.word,
                "source": "api", "created_at": now(), "updated_at": now(), "started_at": now(),
                "finished_at": now(), "yaml_errors": None, "name": None, "tag": False,
                "web_url": f"https://gitlab.com/shop/api/-/pipelines/{id}"}

    def __call__(self, request):
        url = urlsplit(request.path)
        path = unquote(url.path).removeprefix("/api/v4/projects/shop/api")
        if request.headers.get("private-token") != "gl":
            return 401, {}, {"message": "401 Unauthorized"}
        if request.command == "POST" and path == "/pipeline":
            self.variables = json.loads(request.text)["variables"]
            return 201, {}, {**self.pipeline(8), "status": "created"}
        if path == "/pipelines":
            ids = [7] if "sha" in parse_qs(url.query) else []
            return 200, {}, [self.pipeline(id) for id in ids]
        if found := re.fullmatch(r"/pipelines/(7|8)(/\w+)?", path):
            if found[2] == "/jobs":
                return 200, {}, [{
                    "id": 5, "name": "test", "stage": "test", "status": self.word, "allow_failure": False,
                    "created_at": now(), "started_at": now(), "finished_at": now(), "web_url": "",
                    "pipeline": {"id": int(found[1]), "project_id": 21}}]
            if found[2] == "/bridges":
                return 200, {}, []
            if found[2] == "/variables":
                return 200, {}, self.variables if found[1] == "8" else []
            return 200, {}, self.pipeline(int(found[1]))
        if path.endswith("/trace"):
            return 200, {"content-type": "text/plain"}, "boom\n"
        return 404, {}, {"message": "404 Not Found"}


ADDRESSES = {"github": "GITHUB_API_URL", "gitlab": "CI_API_V4_URL", "yunxiao": "YUNXIAO_API_BASE_URL"}


class World:
    """Three vendors on loopback, `pipelatch` on the PATH, and a folder to work in."""

    def __init__(self, folder, words):
        self.folder, self.words = folder, words
        (folder / "bin").mkdir()
        (folder / "bin/pipelatch").symlink_to(os.path.abspath(BINARY))

    def __enter__(self):
        kinds = {"github": GitHub, "gitlab": GitLab, "yunxiao": lambda word: Flow([word], branch="main")}
        self.vendors = {name: kinds[name](self.words.get(name, "SUCCESS")) for name in kinds}
        self.servers = {name: Server(vendor) for name, vendor in self.vendors.items()}
        self.env = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": "/nonexistent", **SECRETS}
        self.env.update({ADDRESSES[name]: server.url for name, server in self.servers.items()})
        self.env["CI_API_V4_URL"] += "/api/v4"
        return self

    def __exit__(self, *_):
        for server in self.servers.values():
            server.__exit__()

    def count(self, method):
        return sum(server.count(method) for server in self.servers.values())

    def shell(self, *words, env=None):
        return subprocess.run(
            words, env={**self.env, **(env or {})}, cwd=self.folder, capture_output=True, text=True, timeout=90)


def filled(text):
    """The text with its placeholders made the names of what stands on loopback."""
    for name, value in {"yunxiao:ORG/PIPELINE": "yunxiao:org/123", "OWNER/REPO": "octo/app",
                        "GROUP/PROJECT": "shop/api"}.items():
        text = text.replace(name, value)
    return text


def play(world, name, **changes):
    script, env = HOSTS[name][0]()
    released = stand_in(world.folder / "released")
    env = {**env, "PIPELATCH_URL": released.as_uri(), "PIPELATCH_SHA256": digest(released), **changes}
    env = {key: filled(value) for key, value in env.items()}
    return world.shell("bash", "-eo", "pipefail", "-c", filled(script), env=env)


@pytest.mark.parametrize("word, code", [("SUCCESS", 0), ("FAIL", 1)])
@pytest.mark.parametrize("name", HOSTS)
def test_a_hosts_step_ends_as_the_remote_run_did(tmp_path, name, word, code):
    with World(tmp_path, {vendor: word for vendor in HOSTS[name][1]}) as world:
        result = play(world, name)
        assert result.returncode == code, result
        assert world.count("POST") == (1 if "trigger" in HOSTS[name][0]()[0] else 0)


@pytest.mark.parametrize("name", HOSTS)
def test_a_hosts_step_does_not_run_a_file_with_another_hash(tmp_path, name):
    with World(tmp_path, {}) as world:
        result = play(world, name, PIPELATCH_SHA256="0" * 64)
        assert result.returncode not in (0, None) and world.count("GET") + world.count("POST") == 0, result


@pytest.mark.parametrize("word, code", [("SUCCESS", 0), ("FAIL", 1)])
def test_the_github_workflow_ends_as_the_remote_run_did(tmp_path, word, code):
    step = parts("github.yml")[0]["jobs"]["deploy"]["steps"][0]
    assert step["uses"] == f"OWNER/pipelatch/action@v{VERSION}"
    assert set(step["with"]) <= set(ACTION["inputs"])
    expressions = {"github.sha": COMMIT, "github.run_id": "99", "secrets.YUNXIAO_ACCESS_TOKEN": FLOW_TOKEN}
    inputs = {name: filled(re.sub(r"\$\{\{ (.*?) \}\}", lambda found: expressions[found[1]], str(value)))
              for name, value in step["with"].items()}
    flow = Flow([word], branch="main")
    with Server(flow) as server:
        result = Runner(tmp_path).run("gate", inputs, env={"YUNXIAO_API_BASE_URL": server.url})
        assert result.returncode == code and server.count("POST") == 1, result
    assert COMMIT in flow.params and "github-99" in flow.params


def test_the_github_workflow_reads_outputs_that_exist():
    for name in re.findall(r"steps\.\w+\.outputs\.([\w-]+)", read("github.yml") + (ROOT / "action/README.md").read_text()):
        assert name in ACTION["outputs"]


def test_the_chain_goes_on_from_vendor_to_vendor(tmp_path):
    script = filled(read("chain.sh"))
    with World(tmp_path, {}) as world:
        result = world.shell("sh", "-c", script, "chain.sh", COMMIT)
        assert result.returncode == 0, result
        assert [world.servers[name].count("POST") for name in ("github", "gitlab", "yunxiao")] == [0, 1, 1]


@pytest.mark.parametrize("broken, posts", [("github", 0), ("gitlab", 1), ("yunxiao", 2)])
def test_the_chain_stops_at_the_first_failure(tmp_path, broken, posts):
    with World(tmp_path, {broken: "FAIL"}) as world:
        result = world.shell("sh", "-c", filled(read("chain.sh")), "chain.sh", COMMIT)
        assert result.returncode == 1 and world.count("POST") == posts, result


@pytest.mark.parametrize("words, code", [
    (["SUCCESS"], 0), (["FAIL"], 1), (["RUNNING"], 6), (["CANCELED"], 2), (["BREWING"], 6)])
def test_the_check_before_a_deploy_deploys_only_a_success(tmp_path, words, code):
    with World(tmp_path, {}) as world, Server(Flow(words)) as server:
        result = world.shell(
            "sh", str(EXAMPLES / "predeploy.sh"), "yunxiao:org/123#7", "touch", "deployed",
            env={"YUNXIAO_API_BASE_URL": server.url})
        assert result.returncode == code, result
    assert (tmp_path / "deployed").exists() == (code == 0)


@pytest.mark.parametrize("word, code", [("SUCCESS", 0), ("FAIL", 1)])
def test_the_tekton_step_ends_as_the_remote_run_did(tmp_path, word, code):
    spec = parts("tekton-task.yml")[0]["spec"]
    (step,) = spec["steps"]
    assert step["command"] == ["/pipelatch"]
    values = {"params.target": "yunxiao:org/123@main", "params.timeout": "30m", "context.taskRun.uid": "u-1"}
    words = []
    for text in step["args"]:
        if text == "$(params.options[*])":
            words += ["--input", "A=1"]
        else:
            words.append(re.sub(r"\$\((.*?)\)", lambda found: values[found[1]], text))
    with World(tmp_path, {"yunxiao": word}) as world:
        result = world.shell("pipelatch", *words)
        assert result.returncode == code and world.count("POST") == 1, result


def test_the_tekton_task_uses_only_what_it_declares():
    (task,) = parts("tekton-task.yml")
    assert (task["apiVersion"], task["kind"]) == ("tekton.dev/v1", "Task")
    declared = {param["name"] for param in task["spec"]["params"]}
    used = set(re.findall(r"\$\(params\.(\w+)", read("tekton-task.yml")))
    assert used == declared
    # https://tekton.dev/docs/pipelines/tasks/
    assert set(task["spec"]) <= {"description", "params", "steps", "results", "workspaces", "volumes", "stepTemplate"}
    for step in task["spec"]["steps"]:
        assert set(step) <= {"name", "image", "command", "args", "env", "envFrom", "computeResources",
                             "securityContext", "timeout", "onError", "workingDir", "script", "volumeMounts"}


@pytest.mark.parametrize("word, code", [("SUCCESS", 0), ("FAIL", 1)])
def test_the_kubernetes_gate_ends_as_the_remote_run_did(tmp_path, word, code):
    (job,) = parts("kubernetes-job.yml")
    (gate,) = job["spec"]["template"]["spec"]["initContainers"]
    words = [filled(word) for word in gate["args"]]
    words = [re.sub("^--commit=.*", "--latest", word) for word in words]
    with World(tmp_path, {"yunxiao": word}) as world:
        result = world.shell("pipelatch", *words)
        assert result.returncode == code, result
    assert job["spec"]["backoffLimit"] == 0 and job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_the_kubernetes_job_holds_against_the_schema_of_kubernetes():
    (job,) = parts("kubernetes-job.yml")
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)


# What can be said of files without running them.

SCHEMAS = [
    ("vendor.github-workflows", [], ["examples/github.yml", ".github/workflows/ci.yml", ".github/workflows/release.yml"]),
    ("vendor.github-actions", [], ["action/action.yml"]),
    ("vendor.gitlab-ci", ["--data-transform", "gitlab-ci"], ["examples/gitlab.yml"]),
    ("vendor.azure-pipelines", ["--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"],
     ["examples/azure-pipelines.yml"]),
    ("vendor.buildkite", [], ["examples/buildkite.yml"]),
    ("vendor.circle-ci", [], ["examples/circleci.yml"]),
]


def hold(schema, options, files):
    result = subprocess.run(
        [TOOLS / "check-jsonschema", "--builtin-schema", schema, *options, *files],
        cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("schema, options, files", SCHEMAS)
def test_it_holds_against_its_hosts_public_schema(schema, options, files):
    hold(schema, options, files)


def test_the_gitlab_component_holds_against_gitlabs_schema(tmp_path):
    files = []
    for number, part in enumerate(parts("gitlab-component.yml")):
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(json.dumps(part))
    assert len(files) == 2
    hold("vendor.gitlab-ci", ["--data-transform", "gitlab-ci"], files)


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.yml")))
def test_it_is_yaml_without_a_key_said_twice(name):
    class Strict(yaml.SafeLoader):
        def construct_mapping(self, node, deep=False):
            keys = [key.value for key, _ in node.value]
            assert len(keys) == len(set(keys)), keys
            return super().construct_mapping(node, deep)

    assert list(yaml.load_all(read(name), Strict))


def scripts():
    for path in [ROOT / ".ci/run", ROOT / "dist/make", ROOT / "dist/check-tag", ROOT / "action/fetch",
                 ROOT / "action/gate", EXAMPLES / "chain.sh", EXAMPLES / "predeploy.sh"]:
        yield path.name, path.read_text()
    for name, (step, _) in HOSTS.items():
        yield name, "#!/bin/bash\n" + step()[0]
    for path in sorted((ROOT / ".github/workflows").iterdir()) + [EXAMPLES / "github.yml", ROOT / "action/action.yml"]:
        whole = yaml.safe_load(path.read_text())
        for job in whole.get("jobs", {"": whole.get("runs")}).values():
            for step in job["steps"]:
                if "run" in step:
                    assert "${{" not in step["run"], f"{path.name}: a value becomes part of a script"
                    yield path.name, "#!/bin/bash -e\n" + step["run"]


def test_every_script_passes_shellcheck():
    checked = 0
    for name, text in scripts():
        result = subprocess.run(
            [TOOLS / "shellcheck", "-"], input=text, capture_output=True, text=True)
        assert result.returncode == 0, f"{name}\n{result.stdout}"
        checked += 1
    assert checked > 20


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_line_written_down_exists(path):
    for words in calls(path.read_text()):
        assert words[0] in commands(), words
        assert commands()[words[0]].complaint(words[1:]) is None, words


def test_command_lines_are_found():
    found = {path: len(list(calls(path.read_text()))) for path in WRITTEN}
    silent = {"Containerfile", "CONTRIBUTING.md", "github.yml", "gitlab.yml", "gitlab-component.yml",
              "kubernetes-job.yml", "tekton-task.yml"}
    assert {path.name for path, number in found.items() if not number} == silent
    assert found[ROOT / "README.md"] > 5 and found[EXAMPLES / "chain.sh"] == 3


def lines():
    for path in sorted(EXAMPLES.iterdir()):
        for words in calls(path.read_text()):
            yield path.name, words
    (job,) = parts("kubernetes-job.yml")
    yield "kubernetes-job.yml", job["spec"]["template"]["spec"]["initContainers"][0]["args"]


@pytest.mark.parametrize("name, words", lines())
def test_every_value_written_in_an_example_is_one_that_is_taken(tmp_path, name, words):
    given = {"target": "yunxiao:org/123#7"}
    words = [re.sub(r"\$\{?(\w+)\}?", lambda found: given.get(found[1], COMMIT), filled(word)) for word in words]
    with World(tmp_path, {}) as world:
        short = [] if words[0] == "check" else ["--timeout", "200ms"]
        result = world.shell("pipelatch", *words, "--server", "http://127.0.0.1:9", *short)
    assert result.returncode in (69, 75, 124), result


def test_examples_speak_of_this_version():
    for path in WRITTEN:
        for found in re.findall(r"(?:download/|action@)v(\d[\d.]*\d)|pipelatch[:@](\d[\d.]*\d)", path.read_text()):
            assert VERSION in found, f"{path.name}: {found}"
