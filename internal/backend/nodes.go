package backend

// When says under which circumstances an argument or a variable is used.
type When string

// The circumstances.
const (
	Always  When = ""
	Alone   When = "alone"   // one machine carries the replica
	Nodes   When = "nodes"   // several do
	Head    When = "head"    // several do, and this is the first
	Worker  When = "worker"  // several do, and this is another
	Address When = "address" // several do, and this one's IP address is known
	Devices When = "devices" // the replica is bound to devices
)

// Circumstances are all values of When.
func Circumstances() []When {
	return []When{Always, Alone, Nodes, Head, Worker, Address, Devices}
}

// Holding says of each circumstance, by its name, whether it holds for a process: many, whether
// several machines carry its replica; worker, whether it is not on the first of them; address,
// whether its own is told; devices, whether they are bound by a variable.
func Holding(many, worker, address, devices bool) map[string]bool {
	return map[string]bool{
		string(Always): true, string(Alone): !many, string(Nodes): many, string(Head): many && !worker,
		string(Worker): many && worker, string(Address): many && address, string(Devices): devices,
	}
}

// NodeArgument is a key with which a server becomes one node of several. Its
// value may be a text with open places, see package manifest.
type NodeArgument struct {
	Key   string
	Value any
	When  When
}

// Variable is one of the environment; its value may have open places.
type Variable struct {
	Name, Value string
	When        When
}

// Companion is a program that an engine needs beside it where several machines
// carry a replica.
type Companion struct {
	// Name is its program's, Title what its makers call it.
	Name, Title string
	// Arguments are its command line, words with open places.
	Arguments []Words
	// Address is where the head's takes connections, with open places.
	Address string
	// RefusesVariable is a variable that must not bind its devices.
	RefusesVariable string
	// HeadByIP reports whether the head is known by its IP address alone.
	HeadByIP bool
	// Variables are set for the engine where a manifest leaves them open.
	Variables []Variable
}

// Words are words of a command line and when they are said.
type Words struct {
	Words []string
	When  When
}
