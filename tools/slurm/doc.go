// Package slurm runs mlrun on a real Slurm: three nodes on this machine (local.sh), two
// replicas of the simulated engine on each, offline and server, and ends steps, nodes and
// jobs in the middle of runs.
//
//	go test -v ./tools/slurm      skipped where Slurm is not installed, and with -short
package slurm
