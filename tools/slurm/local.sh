#!/usr/bin/env bash
# A Slurm of some nodes on this machine, until this script is ended: local.sh DIR NODES PORT
# DIR takes its files (DIR/slurm.conf is what SLURM_CONF names); its daemons listen on the
# ports from PORT on. "ready" is printed when every node is idle. Needs root, and Debian's
# slurm-wlm and munge. All of it is children of this script, in the foreground; what they
# say is in DIR/daemons.log.
set -euo pipefail
dir=$(realpath "$1") nodes=$2 port=$3 host=$(hostname -s)
export SLURM_CONF=$dir/slurm.conf PATH=$PATH:/usr/sbin:/sbin
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT

mkdir -p "$dir/state" "$dir/spool"
exec 2> "$dir/daemons.log"
cat > "$SLURM_CONF" <<CONF
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
KillWait=5
SlurmdTimeout=20
ReturnToService=2
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))] CPUs=1 RealMemory=100 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF

(umask 077 && dd if=/dev/urandom of="$dir/munge.key" bs=1024 count=1 status=none)
munged --foreground --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
  --log-file="$dir/munged.log" --seed-file="$dir/munge.seed" &
until munge --socket="$dir/munge.socket" --no-input > "$dir/credential" 2>/dev/null; do
  kill -0 $! || exit 1
  sleep 0.1
done
slurmctld -D -f "$SLURM_CONF" -L "$dir/slurmctld.log" &
for i in $(seq "$nodes"); do slurmd -D -f "$SLURM_CONF" -N "n$i" -L "$dir/slurmd.n$i.log" & done
until [ "$(sinfo -h -N -o %T 2>/dev/null | grep -c '^idle$')" = "$nodes" ]; do
  jobs -r | grep -q slurmctld || exit 1
  sleep 0.1
done
echo ready
wait
