#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The yardstick: one control plane and two workers by hand, with docker, ssh, kubeadm and kubectl alone, on the
# same device image and the same mirror as site.yml. It checks nothing, repairs nothing and knows one case.
#
#   by_hand.sh up STORE IMAGE VERSION FOLDER     prints "step<TAB>seconds" lines, the last one "all"
#   by_hand.sh down STORE IMAGE VERSION FOLDER
set -euo pipefail
action=$1 store=$2 image=$3 version=$4 folder=$5
network=pk-by-hand subnet=100.127.255 # a /24 of the shared address space, which nothing else here uses
gateway=$subnet.1 endpoint=$subnet.200
control_plane=$subnet.10 workers=("$subnet.11" "$subnet.12")
machines=("$control_plane" "${workers[@]}")
files=http://$gateway:8080 registry=http://$gateway:5000


mkdir -p "$folder/ssh"
on() { ssh -q -i "$folder/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ControlMaster=auto \
    -o ControlPath="$folder/ssh/%h" -o ControlPersist=60 "root@$1" "${@:2}"; }
every() { for machine in "${machines[@]}"; do "$@" "$machine" & done; wait; }
kube() { "$store/files/$version/bin/linux/amd64/kubectl" --kubeconfig "$folder/kubeconfig" "$@"; }
now() { date +%s.%N; }
began=$(now) last=$began
step() { local at; at=$(now); awk -v n="$1" -v a="$last" -v b="$at" 'BEGIN {printf "%s\t%.1f\n", n, b - a}'; last=$at; }

boot() {
    docker run --detach --name "$network-${1##*.}" --hostname "node-${1##*.}" --network "$network" --ip "$1" \
        --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined \
        --security-opt systempaths=unconfined --device-cgroup-rule 'a *:* rwm' --device /dev/kmsg \
        --cgroupns private --stop-signal SIGRTMIN+3 --tmpfs /run --tmpfs /tmp:exec \
        --volume /var/lib/containerd --volume /var/lib/kubelet --volume /var/lib/etcd --entrypoint /bin/sh \
        "$image" -c "mount --make-rshared /
            for mount in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,bind,rw \$mount 2>/dev/null; done
            mount -o remount,rw /proc/sys 2>/dev/null
            sysctl -qw net.ipv4.ip_forward=1
            echo nameserver $gateway >/etc/resolv.conf
            touch /etc/cloud/cloud-init.disabled
            mkdir -p /root/.ssh; echo '$(cat "$folder/key.pub")' >/root/.ssh/authorized_keys
            ssh-keygen -A >/dev/null
            exec /sbin/init" >/dev/null
    until on "$1" true 2>/dev/null; do sleep 0.2; done
}

prepare() {
    on "$1" "set -e
        get() { curl -sf -o \$2 \$1; chmod 755 \$2; }
        get $files/$version/bin/linux/amd64/kubeadm /usr/local/bin/kubeadm &
        get $files/$version/bin/linux/amd64/kubelet /usr/local/bin/kubelet &
        get $files/$version/bin/linux/amd64/kubectl /usr/local/bin/kubectl &
        get $files/opencontainers/runc/releases/download/v1.5.2/runc.amd64 /usr/local/sbin/runc &
        mkdir -p /opt/cni/bin
        curl -sf $files/containerd/containerd/releases/download/v2.4.2/containerd-2.4.2-linux-amd64.tar.gz |
            tar -xz -C /usr/local &
        curl -sf $files/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz |
            tar -xz -C /opt/cni/bin &
        wait
        for name in docker.io ghcr.io registry.k8s.io; do
            mkdir -p /etc/containerd/certs.d/\$name
            printf '[host.\"$registry/v2/%s\"]\ncapabilities = [\"pull\", \"resolve\"]\noverride_path = true\n' \
                \$name >/etc/containerd/certs.d/\$name/hosts.toml
        done
        cat >/etc/containerd/config.toml
        printf '[Service]\nExecStart=/usr/local/bin/containerd\nType=notify\nDelegate=yes\nKillMode=process\n' \
            >/etc/systemd/system/containerd.service
        cat >/etc/systemd/system/kubelet.service <<'UNIT'
[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/local/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml \$KUBELET_KUBEADM_ARGS
Restart=always
UNIT
        systemctl daemon-reload
        systemctl start containerd" <<'TOML'
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = 'registry.k8s.io/pause:3.10.2'
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containerd/certs.d'
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
TOML
}

init() {
    ip route replace "$endpoint/32" via "$control_plane"
    on "$control_plane" "ip address add $endpoint/32 dev lo; cat >/root/init.yml
        kubeadm init --config /root/init.yml --skip-token-print \
            --ignore-preflight-errors=SystemVerification,Swap,NumCPU,Mem,FileContent--proc-sys-net-bridge-bridge-nf-call-iptables
        " >"$folder/init.log" 2>&1 <<YAML
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration: {kubeletExtraArgs: [{name: node-ip, value: $control_plane}]}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: $version
controlPlaneEndpoint: $endpoint:6443
networking: {podSubnet: 172.26.0.0/16, serviceSubnet: 172.25.0.0/16}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
failSwapOn: false
failCgroupV1: false
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
conntrack: {maxPerCore: 0, min: 0}
YAML
    on "$control_plane" cat /etc/kubernetes/admin.conf >"$folder/kubeconfig"
}

join() {
    on "$1" "$(<"$folder/join") --ignore-preflight-errors=SystemVerification,Swap,NumCPU,Mem,FileContent--proc-sys-net-bridge-bridge-nf-call-iptables" >"$folder/join-${1##*.}.log" 2>&1
}

down() {
    for machine in "${machines[@]}"; do docker rm --force --volumes "$network-${machine##*.}" >/dev/null 2>&1 || :; done
    [ ! -f "$folder/mirror.pid" ] || kill "$(<"$folder/mirror.pid")" 2>/dev/null || :
    ip route del "$endpoint/32" 2>/dev/null || :
    docker network rm "$network" >/dev/null 2>&1 || :
    nft delete table inet pk_by_hand 2>/dev/null || :
    rm -rf "$folder"
}

up() {
    ssh-keygen -q -t ed25519 -N '' -f "$folder/key" <<<y >/dev/null
    docker network create --subnet "$subnet.0/24" --gateway "$gateway" --opt com.docker.network.bridge.name=pkbyhand \
        --opt com.docker.network.bridge.enable_ip_masquerade=false "$network" >/dev/null
    sysctl -qw net.ipv4.conf.pkbyhand.forwarding=1
    nft -f - <<'RULES'
table inet pk_by_hand {
    chain forward {
        type filter hook forward priority -10
        iifname "pkbyhand" oifname != "pkbyhand" reject
        iifname != "pkbyhand" oifname "pkbyhand" reject
    }
}
RULES
    kube-mirror serve --store "$store" --listen "$gateway:8080" --registry "$gateway:5000" >"$folder/mirror.log" 2>&1 &
    echo $! >"$folder/mirror.pid"
    disown # or wait would wait for it
    until curl -sf "$files/healthz" >/dev/null; do sleep 0.1; done
    began=$(now) last=$began
    every boot; step boot
    every prepare; step prepare
    init; step init
    kube apply -f "$folder/../flannel.yml" -f "$folder/../local-path.yml" >/dev/null; step addons
    on "$control_plane" kubeadm token create --print-join-command >"$folder/join"
    for machine in "${workers[@]}"; do join "$machine" & done; wait; step join
    until [ "$(kube get nodes --no-headers | grep -cw Ready)" = 3 ]; do sleep 0.5; done; step ready
    kube apply -f "$folder/../workload.yml" >/dev/null
    kube wait --namespace packet-verify --for=condition=complete --timeout=300s job/client >/dev/null
    kube logs --namespace packet-verify --selector job-name=client >"$folder/seen.log"
    kube delete namespace packet-verify >/dev/null; step verify
    last=$began; step all
}

"$action"
