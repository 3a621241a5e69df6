// Package clients is several processes that issue one run together, and what is said
// between them and the run: JSON lines over their standard input and output. Nothing
// listens, and no record passes through: each client writes its own to the disk.
//
//	run                              client
//	{"job": ...}                →    reads the data set
//	{"phase": 0}                →    opens its connections
//	                            ←    {"ready": {"clock_ns": ...}}
//	{"start_ns": ...}           →    to each, once all are ready: the zero of all times
//	                            ←    {"progress": [...]}, four times a second
//	                            ←    {"ended": ...}, or {"failed": ...}
//
// The start is a moment of CLOCK_MONOTONIC, which is one clock for all processes of a
// machine. A client whose readings of it cannot be of this machine is refused.
// {"stop": true} lets what is in flight finish, {"abort": true} gives it up; so does the
// end of a client's standard input, which says that the run is no more.
package clients
