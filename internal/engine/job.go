package engine

// SuperviseCommand is the hidden command of mlrun that runs [Supervise].
const SuperviseCommand = "engine-supervisor"

// job is what a supervisor starts, one line of JSON on its standard input. The
// environment, secrets among it, is on no command line.
type job struct {
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
	// Log takes what the engine prints.
	Log string `json:"log"`
	// CPUs to bind to; none: not bound.
	CPUs []int `json:"cpus,omitempty"`
	// Keep leaves running what is left when the process ends well by itself.
	Keep bool `json:"keep,omitempty"`
}
