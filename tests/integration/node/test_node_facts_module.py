# SPDX-License-Identifier: GPL-3.0-or-later
"""`node_facts` and the modules of kubeadm on a machine that is in no cluster."""

from __future__ import annotations

from node_runs import Machine


def test_a_machine_tells_what_it_is_by_one_round_trip(machine: Machine) -> None:
    facts = machine.answer("node_facts", {})["ansible_facts"]["packet_node"]
    assert facts["hostname"] == machine.host.output("hostname")
    assert facts["architecture"] in ("amd64", "arm64")
    assert (facts["os_id"], facts["os_version_id"]) == ("debian", "12")
    assert facts["container"] is True
    assert facts["cgroup_version"] in (1, 2)
    assert facts["memory_mib"] > 0
    assert facts["cpus"] == int(machine.host.output("nproc"))
    assert machine.host.address in facts["addresses"]
    assert facts["kubelet"] == {"active": False, "configured": False, "version": ""}
    assert (facts["initialised"], facts["joined"]) == (False, False)
    assert machine.run("node_facts", {}, "-vvv").round_trips == 1


def test_a_machine_in_no_cluster_has_no_remains(machine: Machine) -> None:
    assert not machine.run("kubeadm_reset", {}).changed


def test_remains_are_foretold_and_removed(machine: Machine) -> None:
    machine.host.output("mkdir -p /etc/kubernetes/pki /etc/cni/net.d; touch /etc/kubernetes/pki/ca.crt")
    machine.host.output("iptables -t nat -N KUBE-TEST; iptables -t nat -A OUTPUT -j KUBE-TEST")
    machine.host.output("iptables -t nat -N OWN")
    assert machine.run("kubeadm_reset", {}, "--check").changed
    assert machine.run("kubeadm_reset", {}).changed
    rules = machine.host.output("iptables-save")
    assert "KUBE-" not in rules
    assert ":OWN" in rules
    assert machine.host.output("find /etc/kubernetes -type f") == ""
    assert not machine.run("kubeadm_reset", {}).changed


def test_without_kubeadm_the_error_says_what_installs_it(machine: Machine) -> None:
    config = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n"
    assert machine.run("kubeadm_init", {"config": config}, "--check").changed
    for module in ("kubeadm_init", "kubeadm_join"):
        run = machine.run(module, {"config": config})
        assert run.code != 0
        assert "kubeadm is not installed on this machine; the module node installs it" in run.output


def test_a_configuration_that_is_none_is_refused_without_being_shown(machine: Machine) -> None:
    run = machine.run("kubeadm_join", {"config": "token abcdef.0123456789abcdef"}, "-vvv")
    assert run.code != 0
    assert "config is no YAML text" in run.output
    assert "0123456789abcdef" not in run.output
