"""Docker in simulated containers: strict about what it is told, and about what it needs."""

from __future__ import annotations

import json

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.node import Node

ARCHIVE = "ustar\x00hello\nprogram"
DOWN = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n"
TARBALL = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"


def inside(node: Node, *words: str, stdin: str = "") -> Result:
    return node.run(("lxc-attach", "-n", "100", "--", *words), stdin)


def node_with(*packages: str, features: str = "nesting=1,keyctl=1") -> Node:
    node = Node.new()
    node.add_tarball(TARBALL)
    address = "name=eth0,bridge=vmbr0,ip=192.168.1.60/24,gw=192.168.1.1"
    words = ("--rootfs", "local-zfs:4", "--unprivileged", "1", "--net0", address, "--nameserver", "192.168.1.1")
    assert node.run(("pct", "create", "100", TARBALL, *words, "--features", features)).ok
    assert node.run(("pct", "start", "100")).ok
    node.clock += 60
    assert inside(node, "apt-get", "update").ok
    assert inside(node, "apt-get", "install", "-y", *packages).ok
    return node


@pytest.fixture
def node() -> Node:
    return node_with("docker.io", "docker-cli", "docker-compose")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("version", "--format", "{{.Server.Version}}"), "26.1.5+dfsg1\n"),
        (("info", "--format", "{{.Driver}} {{.ServerVersion}}"), "overlay2 26.1.5+dfsg1\n"),
        (("compose", "version"), "Docker Compose version v2.26.1\n"),
    ],
)
def test_what_there_is_is_told(node: Node, words: tuple[str, ...], expected: str) -> None:
    assert inside(node, "docker", *words) == Result(0, expected, "")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("frobnicate",), 1, "docker: unknown command: docker frobnicate"),
        (("run", "--nonsense", "x"), 125, "unknown flag: --nonsense"),
        (("run", "--network"), 125, "flag needs an argument: --network"),
        (("run", "--pull", "never", "nothing", "/x"), 125, "No such image: nothing:latest"),
        (("rmi", "nothing"), 1, "No such image: nothing"),
        (("import", "-", "broken"), 1, "invalid tar header"),
        (("info", "--format", "{{.Nothing}}"), 1, "can't evaluate field"),
        (("compose", "up"), 14, "no configuration file provided"),
        (("login", "--username", "lab"), 1, "Cannot perform an interactive login"),
        (("login", "--username", "lab", "--password-stdin"), 1, "password is empty"),
    ],
)
def test_what_makes_no_sense_is_refused(node: Node, words: tuple[str, ...], status: int, said: str) -> None:
    result = inside(node, "docker", *words)
    assert (result.rc, said in result.stderr) == (status, True), result


def test_an_image_that_is_made_here_runs_and_goes(node: Node) -> None:
    assert inside(node, "docker", "import", "-", "probe", stdin=ARCHIVE).stdout.startswith("sha256:")
    assert inside(node, "docker", "run", "--rm", "--network", "none", "probe", "/hello").ok
    absent = inside(node, "docker", "run", "--rm", "probe", "/other")
    assert (absent.rc, 'exec: "/other": stat /other: no such file' in absent.stderr) == (127, True)
    assert inside(node, "docker", "rmi", "--force", "probe").stdout == "Untagged: probe\n"
    assert not inside(node, "docker", "run", "probe", "/hello").ok


def test_a_daemon_that_is_stopped_does_not_answer(node: Node) -> None:
    assert inside(node, "systemctl", "stop", "docker").ok
    assert inside(node, "docker", "info") == Result(1, "", DOWN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "invalid character"),
        ("[]", "json: cannot unmarshal"),
        ('{"storage": 1}', "the following directives don't match any configuration option: storage"),
        ('{"storage-driver": "aufs"}', "aufs: driver not supported"),
    ],
)
def test_settings_that_are_wrong_keep_the_daemon_from_starting(node: Node, text: str, said: str) -> None:
    inside(node, "sh", "-c", "mkdir -p /etc/docker; cat >/etc/docker/daemon.json", stdin=text)
    assert said in inside(node, "dockerd", "--validate").stderr
    restarted = inside(node, "systemctl", "restart", "docker")
    assert (restarted.rc, "Job for docker.service failed" in restarted.stderr) == (1, True)
    assert inside(node, "docker", "info") == Result(1, "", DOWN)


def test_without_nesting_nothing_is_mounted_and_no_daemon_runs() -> None:
    node = node_with("docker.io", "docker-cli", features="keyctl=1")
    assert inside(node, "docker", "info") == Result(1, "", DOWN)
    assert not inside(node, "systemctl", "restart", "docker").ok
    mounted = inside(
        node, "mount", "-t", "overlay", "overlay", "-o", "lowerdir=/srv,upperdir=/opt,workdir=/mnt", "/media"
    )
    assert (mounted.rc, mounted.stderr) == (32, "mount: /media: permission denied.\n")


def test_an_overlay_shows_what_lies_below_until_it_is_gone(node: Node) -> None:
    layers = "lowerdir=/srv,upperdir=/opt,workdir=/mnt"
    assert inside(node, "sh", "-c", "echo text >/srv/file").ok
    assert inside(node, "mount", "-t", "overlay", "overlay", "-o", layers, "/media").ok
    assert inside(node, "cat", "/media/file").stdout == "text\n"
    assert inside(node, "umount", "/media").ok
    assert inside(node, "ls", "/media").stdout == ""
    assert inside(node, "umount", "/media") == Result(32, "", "umount: /media: not mounted.\n")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("mount", "/media"), 1, "mount: bad usage"),
        (("mount", "-t", "overlay", "x", "/nowhere"), 32, "mount point does not exist"),
        (("mount", "-t", "overlay", "x", "-o", "lowerdir=/srv", "/media"), 32, "special device overlay does not exist"),
        (("mount", "-t", "ext4", "/dev/sda1", "/media"), 32, "permission denied"),
        (("umount",), 1, "umount: bad usage"),
        (("tar", "-x", "-f", "-"), 1, "invalid option -- 'x'"),
        (("tar", "-c", "-f", "-"), 2, "Cowardly refusing"),
        (("tar", "-c", "-f", "file", "x"), 2, "You must specify one of"),
        (("tar", "-c", "-f", "-", "-C", "/srv", "x"), 2, "x: Cannot stat"),
        (("dockerd", "--nonsense"), 125, "unknown flag: --nonsense"),
    ],
)
def test_the_programs_beside_it_are_strict_too(node: Node, words: tuple[str, ...], status: int, said: str) -> None:
    result = inside(node, *words)
    assert (result.rc, said in result.stderr) == (status, True), result


def test_programs_come_with_their_packages() -> None:
    node = node_with("docker.io")
    assert inside(node, "docker", "version").rc == 127, "in trixie the command line is another package"
    assert [inside(node, name).rc for name in ("gpg", "nvidia-ctk")] == [127, 127]
    assert inside(node, "apt-get", "install", "-y", "docker-cli").ok
    assert inside(node, "docker", "version").ok
    assert inside(node, "docker", "compose", "version").rc == 1


def test_a_key_tells_whose_it_is() -> None:
    node = node_with("gpg", "curl")
    url = "https://download.docker.com/linux/debian/gpg"
    assert inside(node, "curl", "-fsSL", "-o", "/srv/key", url).ok
    shown = inside(node, "gpg", "--batch", "--show-keys", "--with-colons", "/srv/key").stdout
    assert "\nfpr:::::::::9DC858229FC7DD38854AE2D88D81803C0EBFCD88:\n" in shown
    assert inside(node, "gpg", "--show-keys", "--with-colons", "/etc/hostname").rc == 2
    assert inside(node, "gpg", "--show-keys", "--with-colons", "/nowhere").rc == 2
    assert inside(node, "gpg", "--import", "/srv/key").rc == 2


SERVER = "portainer/portainer-ce:2.21.4"
SOCKET = "/var/run/docker.sock:/var/run/docker.sock"


def started(node: Node, *words: str, image: str = SERVER) -> Result:
    """A container that runs on."""
    volumes = ("-v", SOCKET, "-v", "kept:/data")
    return inside(node, "docker", "run", "-d", "--name", "one", *volumes, *words, image)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("pull", "nobody/nothing"), 1, "pull access denied for nobody/nothing"),
        (("pull", "portainer/agent:none"), 1, "manifest for portainer/agent:none not found"),
        (("run", "nobody/nothing"), 125, "pull access denied"),
        (("run", "-x", SERVER), 125, "unknown shorthand flag: 'x' in -x"),
        (("run", "-d", "--restart", "sometimes", SERVER), 125, "invalid restart policy"),
        (("run", SERVER), 1, "does not end"),
        (("start", "nothing"), 1, "No such container: nothing"),
        (("container", "inspect", "nothing"), 1, "No such container: nothing"),
        (("container", "frobnicate"), 1, "unknown command: docker container frobnicate"),
        (("image", "inspect", "nothing"), 1, "No such image: nothing:latest"),
        (("volume", "inspect", "nothing"), 1, "get nothing: no such volume"),
        (("volume", "rm", "nothing"), 1, "get nothing: no such volume"),
        (("logs", "nothing"), 1, "No such container: nothing"),
        (("pull",), 1, "requires 1 argument"),
    ],
)
def test_what_there_is_not_is_refused(node: Node, words: tuple[str, ...], status: int, said: str) -> None:
    result = inside(node, "docker", *words)
    assert (result.rc, said in result.stderr) == (status, True), result


def test_without_names_nothing_is_pulled(node: Node) -> None:
    assert inside(node, "sh", "-c", ": >/etc/resolv.conf").ok
    assert "no such host" in inside(node, "docker", "pull", SERVER).stderr


def test_a_container_has_what_it_was_started_with(node: Node) -> None:
    words = ("-p", "8443:9443", "--restart=always", "--label", "a=b", "--env", "WHO", "-e", "HOW=so")
    assert inside(
        node, "sh", "-c", f"WHO=me docker run -d --name one -v {SOCKET} -v kept:/data {' '.join(words)} {SERVER}"
    )
    told = json.loads(inside(node, "docker", "container", "inspect", "one").stdout)[0]
    assert told["Config"]["Env"] == ["WHO=me", "HOW=so"]
    assert (told["Config"]["Labels"], told["State"]["Running"]) == ({"a": "b"}, True)
    assert told["HostConfig"]["PortBindings"] == {"9443/tcp": [{"HostIp": "", "HostPort": "8443"}]}
    image = inside(node, "docker", "image", "inspect", "--format", "{{.Id}}", SERVER).stdout.strip()
    assert inside(node, "docker", "container", "inspect", "--format", "{{json .Image}}", "one").stdout == f'"{image}"\n'


def test_a_name_and_a_port_are_given_once(node: Node) -> None:
    assert started(node, "-p", "8443:9443").ok
    again = started(node)
    assert (again.rc, 'The container name "/one" is already in use' in again.stderr) == (125, True)
    other = inside(
        node, "docker", "run", "-d", "--name", "other", "-v", SOCKET, "-p", "8443:9443", "-v", "a:/data", SERVER
    )
    assert (other.rc, "Bind for 0.0.0.0:8443 failed: port is already allocated" in other.stderr) == (125, True)
    assert inside(node, "docker", "ps", "-a", "--format", "{{.Names}}").stdout == "one\nother\n", "it was made"
    assert inside(node, "docker", "stop", "one").ok
    assert inside(node, "docker", "start", "other").ok


def test_what_runs_is_stopped_before_it_goes_and_its_volume_stays(node: Node) -> None:
    assert started(node).ok
    assert "container is running" in inside(node, "docker", "rm", "one").stderr
    assert "volume is in use" in inside(node, "docker", "volume", "rm", "kept").stderr
    assert "is using it" in inside(node, "docker", "rmi", SERVER).stderr
    for words in (("stop", "one"), ("rm", "one"), ("rmi", SERVER)):
        assert inside(node, "docker", *words).ok
    assert inside(node, "docker", "volume", "ls").stdout == "DRIVER    VOLUME NAME\nlocal     kept\n"
    assert inside(node, "docker", "volume", "rm", "kept").stdout == "kept\n"


@pytest.mark.parametrize(
    ("policy", "stopped", "runs"),
    [
        ("no", False, False),
        ("always", False, True),
        ("unless-stopped", False, True),
        ("always", True, True),
        ("unless-stopped", True, False),
    ],
)
def test_the_policy_decides_what_starts_with_the_machine(node: Node, policy: str, stopped: bool, runs: bool) -> None:
    assert started(node, "--restart", policy).ok
    if stopped:
        assert inside(node, "docker", "stop", "one").ok
    assert node.run(("pct", "reboot", "100")).ok
    node.clock += 60
    assert inside(node, "docker", "ps", "--format", "{{.Names}}").stdout == ("one\n" if runs else "")


def test_a_program_that_ends_at_once_tells_why(node: Node) -> None:
    assert inside(node, "docker", "run", "-d", "--name", "one", SERVER).ok, "docker itself has done its part"
    assert inside(node, "docker", "ps").stdout == ""
    assert "unable to locate Unix socket" in inside(node, "docker", "logs", "--tail", "10", "one").stderr
