"""What upholds the laws inside containers, and how it is switched off: rows as in guards.py."""

from __future__ import annotations

from mutations import Edit, Returns

LAYERS = "tests/laws/test_layers.py"
DOCKER = "tests/features/test_container_docker.py"
NVIDIA = "tests/features/test_container_nvidia.py"
PORTAINER = (
    "tests/features/test_container_portainer.py tests/features/test_portainer_changes.py|tests/cli/test_portainer.py"
)
SERVERS = "tests/features/test_container_vllm.py tests/features/test_container_ollama.py"
DEEP = "tests/cli/test_deep.py tests/cli/test_deep_servers.py"
HEALTH = "tests/plan/test_health.py"
WORK = "tests/engine/test_work.py"
CHECKS = "tests/config/test_checks.py"
POWER = "tests/laws/test_power.py"

# fmt: off
ROWS: dict[str, list[tuple[str, Returns | Edit, str]]] = {
    "spec L5 and L14, layers": [
        ("plan.inherited.outdated", Returns("iter(())"), LAYERS),
        ("plan.inherited._source",
         Edit('if origin and origin.partition("@")[0] != source.dataset', "if False"), LAYERS),
        ("plan.inherited.left_over", Returns("iter(())"), LAYERS),
        ("plan.deep._of_layer", Returns("Drift('')"), DEEP),
    ],
    "spec L6, cards": [
        ("features.container.nvidia.cuda.resources", Edit('f"/{release}/" in f"{place}/"', "False"), NVIDIA),
    ],
    "spec L7, Docker": [
        ("features.container.docker.preflight.TOO_OLD", Returns("'no'"), DOCKER),
        ("features.container.docker.preflight._SCRIPT", Edit('if is_fixed "$@"', "if false"), DOCKER),
        ("features.container.portainer._cannot_join", Returns("''"), PORTAINER),
        ("features.container.portainer.environment.Environment.change",
         Edit('any(each["URL"] == self.url for each in found)', "False"), PORTAINER),
        ("features.container.portainer.server.Server._lacks_administrator", Returns("False"), PORTAINER),
        ("features.container.portainer.instance.RunningContainer._is_foreign", Returns("False"), PORTAINER),
        ("features.container.portainer.instance.RunningContainer.differences", Returns("[]"), PORTAINER),
        ("config.portainer.with_servers", Returns("dict(containers)"), PORTAINER),
    ],
    "spec L8, model servers": [
        ("resources.answering.Answering.awaits", Returns("iter(())"), f"{HEALTH}|{SERVERS}"),
        ("resources.answering._WAIT", Edit("--fail ", ""), "tests/features/test_container_llama_cpp.py"),
        ("plan.chain.Chain._await", Returns(), HEALTH),
        ("resources.venv.State.wrong", Returns("[]"), f"{SERVERS}|{DEEP}"),
        ("resources.systemunit.UnitFile.change", Edit("if writes:", "if False:"), f"{SERVERS}|tests/resources"),
        ("config.checks.serving.vllm_needs_more_gpus", Returns("iter(())"), CHECKS),
        ("config.checks.serving.vllm_without_gpu", Returns("iter(())"), CHECKS),
        ("config.checks.serving.secret_argument", Returns("iter(())"), CHECKS),
    ],
    "spec F6, secrets inside": [
        ("features.container.vllm.arguments.SECRETS", Returns("{}"), SERVERS),
        ("resources.secretfile._WRITE", Edit("umask 077", "umask 022"), f"{SERVERS}|tests/resources"),
        ("features.container.vllm.token.GivenToken._is_other",
         Edit('f"{self.owner}:600" not in found', "False"), f"{SERVERS}|{DEEP}"),
        ("features.container.docker.Docker.logs_in", Returns("self.token_file is not None"), DOCKER),
    ],
    "law 2, what is transient": [
        ("engine.work.BUSY", Returns("'nobody says this'"), WORK),
    ],
    "spec R6, power": [
        ("resources.due.IN_FORCE", Edit('sync "$draft"', ":"), POWER),
        ("features.lifecycle.commands._BEGIN", Edit('sync "$mark.new"\n', ""), POWER),
    ],
}
# fmt: on
