"""A host on loopback, over http and TLS, quick enough not to be what is measured.

It stands for GitHub (and for Yunxiao, which gives a big run in one answer), written from their documents. Bodies are as
large as the real ones and are made once for each state of a run. Its console: `/_/tally`, `/_/script`, `/_/change`.
"""

import asyncio
import datetime
import json
import re
import ssl
import sys
import time
import urllib.parse

SITE = "https://github.com/acme/shop"
API = "https://api.github.com/repos/acme/shop"
SHA = "f00dcafe" * 5
PERSON = {"login": "octocat", "id": 1, "node_id": "MDQ6VXNlcjE=", "gravatar_id": "", "type": "User",
          "user_view_type": "public", "site_admin": False, "html_url": "https://github.com/octocat",
          "avatar_url": "https://avatars.githubusercontent.com/u/1?v=4", "url": "https://api.github.com/users/octocat"}
PERSON |= {f"{word}_url": f"https://api.github.com/users/octocat/{word}" for word in
           ("followers", "following{/other_user}", "gists{/gist_id}", "starred{/owner}{/repo}", "subscriptions",
            "organizations", "repos", "events{/privacy}", "received_events")}
PLACES = ("forks keys{/key_id} collaborators{/collaborator} teams hooks issues/events{/number} events "
          "assignees{/user} branches{/branch} tags git/blobs{/sha} git/tags{/sha} git/refs{/sha} git/trees{/sha} "
          "statuses/{sha} languages stargazers contributors subscribers subscription commits{/sha} "
          "git/commits{/sha} comments{/number} issues/comments{/number} contents/{+path} compare/{base}...{head} "
          "merges {archive_format}{/ref} downloads issues{/number} pulls{/number} milestones{/number} "
          "notifications{?since,all,participating} labels{/name} releases{/id} deployments").split()
REPOSITORY = {"id": 1296269, "node_id": "R_1296269", "name": "shop", "full_name": "acme/shop", "private": True,
              "owner": PERSON, "html_url": SITE, "description": "A shop", "fork": False, "url": API}
REPOSITORY |= {re.sub(r"\W+", "_", place).strip("_") + "_url": f"{API}/{place}" for place in PLACES}
JOBS = ["lint", "build (amd64)", "build (arm64)", "unit", "integration", "package", "scan", "publish"]


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def dump(value):
    return json.dumps(value, separators=(",", ":")).encode()


class GitHub:
    """Runs that begin together and go through their jobs one after the other, for `length` seconds."""

    def __init__(self):
        self.script(0)

    def script(self, length):
        self.begin, self.length, self.bodies = time.time() - (60 if length == 0 else 0), length, {}

    def words(self, share):
        """What a part that takes the time from `share[0]` to `share[1]` of the run says now."""
        age = time.time() - self.begin
        if age >= share[1] * self.length:
            return "completed", "success"
        return ("in_progress" if age >= share[0] * self.length else "queued"), None

    def run(self, run, words, begin, end):
        url = f"{API}/actions/runs/{run}"
        body = {"id": run, "name": "CI", "node_id": f"WFR_{run}", "head_branch": "main", "head_sha": SHA,
                "path": ".github/workflows/ci.yml", "display_title": "Ship it", "run_number": run % 10**6,
                "event": "push", "status": words[0], "conclusion": words[1], "workflow_id": 161335,
                "check_suite_id": run + 10**9, "check_suite_node_id": f"CS_{run}", "url": url,
                "html_url": f"{SITE}/actions/runs/{run}", "pull_requests": [], "created_at": moment(begin),
                "updated_at": moment(end), "actor": PERSON, "run_attempt": 1, "referenced_workflows": [],
                "run_started_at": moment(begin), "triggering_actor": PERSON, "previous_attempt_url": None,
                "workflow_url": f"{API}/actions/workflows/161335",
                "head_commit": {"id": SHA, "tree_id": SHA[::-1], "message": "Ship it", "timestamp": moment(begin),
                                "author": {"name": "Octo", "email": "octo@example.com"},
                                "committer": {"name": "Octo", "email": "octo@example.com"}},
                "repository": REPOSITORY, "head_repository": REPOSITORY}
        body |= {f"{word}_url": f"{url}/{word}" for word in ("logs", "check_suite", "artifacts", "cancel", "rerun")}
        return body

    def job(self, run, number, name, share):
        job, (status, conclusion) = run * 100 + number, self.words(share)
        begin, end = (moment(self.begin + part * self.length) for part in share)
        steps = ["Set up job", "Check out", "Set up Swift", "Restore cache", "Build", "Test", "Save cache", "Complete job"]
        return {"id": job, "run_id": run, "workflow_name": "CI", "head_branch": "main", "run_url": f"{API}/actions/runs/{run}",
                "run_attempt": 1, "node_id": f"CR_{job}", "head_sha": SHA, "url": f"{API}/actions/jobs/{job}",
                "html_url": f"{SITE}/actions/runs/{run}/job/{job}", "status": status, "conclusion": conclusion,
                "created_at": moment(self.begin), "started_at": begin, "completed_at": end if conclusion else None,
                "name": name, "check_run_url": f"{API}/check-runs/{job}", "labels": ["ubuntu-latest"], "runner_id": 7,
                "runner_name": "GitHub Actions 7", "runner_group_id": 2, "runner_group_name": "GitHub Actions",
                "steps": [] if status == "queued" else [
                    {"name": step, "status": status, "conclusion": conclusion, "number": place + 1,
                     "started_at": begin, "completed_at": end if conclusion else None}
                    for place, step in enumerate(steps)]}

    def answer(self, path, query, base):
        if match := re.fullmatch(r"actions/runs/(\d+)(/jobs)?", path):
            run = int(match[1])
            shares = [(n / len(JOBS), (n + 1) / len(JOBS)) for n in range(len(JOBS))]
            state = tuple(self.words(share) for share in shares)
            key = (path, state, base)
            if key not in self.bodies:
                if match[2]:
                    jobs = [self.job(run, n, name, shares[n]) for n, name in enumerate(JOBS)]
                    self.bodies[key] = dump({"total_count": len(jobs), "jobs": jobs})
                else:
                    body = self.run(run, self.words((0, 1)), self.begin, time.time())
                    # gh goes where this leads.
                    body["jobs_url"] = f"{base}/repos/acme/shop/actions/runs/{run}/jobs"
                    self.bodies[key] = dump(body)
            return self.bodies[key]
        if path == "actions/runs":
            lengths = [(self.length or 600) * (0.9 + 0.01 * n) for n in range(20)]
            runs = [self.run(10**6 + n, ("completed", "success"), self.begin - 10**5, self.begin - 10**5 + length)
                    for n, length in enumerate(lengths)]
            return dump({"total_count": len(runs), "workflow_runs": runs})
        if path == "actions/workflows/161335":
            return dump({"id": 161335, "name": "CI", "path": ".github/workflows/ci.yml", "state": "active"})
        if re.fullmatch(r"check-runs/\d+/annotations", path):
            return b"[]"
        return None


class Yunxiao:
    """One run of 10,000 jobs in 100 stages, 5 MB; `change` ends one more job."""

    def __init__(self):
        self.done = 0
        begin = int(time.time() * 1000) - 600_000
        def job(number):
            return {"id": number, "name": f"Deploy to shard {number:05}", "jobSign": f"{number:05}_deploy", "status": "RUNNING",
                    "startTime": begin, "endTime": None, "result": "x" * 100, "actions": [
                        {"type": "LogPipelineJobRun", "displayType": "LOG", "title": "Log", "disable": False,
                         "data": "y" * 80, "params": {"pipelineJobId": number, "pipelineRunId": 7}}],
                    "params": json.dumps({"machineGroup": f"group-{number % 97}", "batch": number % 10})}
        self.run = {"pipelineId": 1, "pipelineRunId": 7, "status": "RUNNING", "triggerMode": 1, "creatorAccountId": "1",
                    "createTime": begin, "updateTime": begin, "sources": [], "globalParams": [], "stages": [
                        {"index": f"{s}-Group", "name": f"Stage {s:03}",
                         "stageInfo": {"name": f"Stage {s:03}", "status": "RUNNING", "startTime": begin,
                                       "jobs": [job(s * 100 + n) for n in range(100)]}} for s in range(100)]}
        self.body = dump(self.run)

    def change(self):
        job = self.run["stages"][self.done // 100]["stageInfo"]["jobs"][self.done % 100]
        job["status"], job["endTime"] = "SUCCESS", int(time.time() * 1000)
        self.done += 1
        self.body = dump(self.run)


class Host:
    def __init__(self):
        self.github, self.yunxiao, self.tags = GitHub(), Yunxiao(), True
        self.forget()
        self.open = 0

    def forget(self):
        self.counts, self.unchanged, self.connections, self.most, self.log = {}, 0, 0, 0, []

    def console(self, path, query):
        if path == "/_/script":
            self.github.script(float(query["seconds"]))
            self.tags = query.get("tags") != "no"
            self.forget()
            self.most = self.open
        elif path == "/_/change":
            self.yunxiao.change()
        return dump({"counts": self.counts, "unchanged": self.unchanged, "connections": self.connections, "open": self.open,
                     "most": self.most, "log": self.log[-20:], "size": len(self.yunxiao.body)})

    def answer(self, text, headers, base):
        path, _, query = text.partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        if path.startswith("/_/"):
            return 200, self.console(path, query), ""
        self.counts[path] = self.counts.get(path, 0) + 1
        if path == "/api/graphql":
            # gh asks which pull request the run is of.
            return 200, dump({"data": {"repository": {"pullRequests": {"nodes": []}}}}), ""
        path = path.removeprefix("/api/v3")
        if path.startswith("/oapi/"):
            body = self.yunxiao.body if path.endswith("/runs/7") else None
        else:
            place = path.removeprefix("/repos/acme/shop/")
            body = self.github.answer(place, query, base) if place != path else None
        if body is None:
            return 404, b'{"message":"Not Found"}', ""
        # Python keeps the hash of a bytes object, so an unchanged body costs nothing.
        tag = f'W/"{hash(body) & (1 << 64) - 1:016x}"' if self.tags else ""
        if tag and headers.get("if-none-match") == tag:
            self.unchanged += 1
            return 304, b"", tag
        return 200, body, tag


class Exchange(asyncio.Protocol):
    def __init__(self, host, base):
        self.host, self.base, self.buffer = host, base, b""

    def connection_made(self, transport):
        self.transport = transport
        self.host.connections += 1
        self.host.open += 1
        self.host.most = max(self.host.most, self.host.open)

    def connection_lost(self, _):
        self.host.open -= 1

    def data_received(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, rest = self.buffer.split(b"\r\n\r\n", 1)
            lines = head.decode().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            prefix = "/api/v3" if "/api/v3/" in lines[0] else ""
            status, body, tag = self.host.answer(
                lines[0].split(" ")[1], headers, f"{self.base}{prefix}")
            date = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
            answer = [f"HTTP/1.1 {status} {'Not Modified' if status == 304 else 'OK'}", f"Date: {date}",
                      "Content-Type: application/json; charset=utf-8", "Cache-Control: private, max-age=60, s-maxage=60"]
            if tag:
                answer.append(f"ETag: {tag}")
            if status != 304:
                answer.append(f"Content-Length: {len(body)}")
            self.transport.write("\r\n".join(answer).encode() + b"\r\n\r\n" + body)
            if not lines[0].split(" ")[1].startswith("/_/"):
                self.host.log.append(time.time())
            if headers.get("connection", "").lower() == "close":
                self.transport.close()


async def main(certificate, key):
    loop, host = asyncio.get_running_loop(), Host()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    bases = {}
    plain = await loop.create_server(lambda: Exchange(host, bases["http"]), "127.0.0.1", 0, backlog=1000)
    secure = await loop.create_server(lambda: Exchange(host, bases["https"]), "127.0.0.1", 0, backlog=1000, ssl=tls)
    for scheme, server in (("http", plain), ("https", secure)):
        bases[scheme] = f"{scheme}://localhost:{server.sockets[0].getsockname()[1]}"
    print(json.dumps(bases), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
