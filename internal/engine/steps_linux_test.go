package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeStep is called with a mode and a folder. Modes: those of fakeEngine; mute (starts,
// says where, and never a word again); chatty (prints other things too, says what it is
// told to, and ends at once).
func fakeStep(args []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	mode, dir := args[0], args[1]
	if mode == "mute" {
		// Nobody listens there.
		fmt.Println(`{"job":"7.1","replica":0,"started":true,"url":"http://127.0.0.1:1"}`)
		select {}
	}
	pipe := NewStepPipe(ctx, "7.1", os.Stdin, os.Stdout)
	var order Part
	if err := pipe.Order(&order); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if mode == "chatty" {
		fmt.Println("a prolog prints")
		pipe.Say(Word{Note: "mind", Invalid: true})
		fmt.Fprintln(os.Stderr, "slurmstepd: error: *** STEP 7.1 ON n1 CANCELLED ***")
		return 1
	}
	plan := fakePlan(mode, dir, order.Count)
	for i := range plan.Replicas {
		plan.Replicas[i].Index = order.First + i
	}
	plan.Part = &order
	if err := ServeStep(ctx, plan, pipe); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// fakeSteps is a plan of two nodes with two replicas each, and how it is started.
func fakeSteps(mode, dir string) (*Plan, StartOptions) {
	plan := fakePlan(mode, dir, 4)
	for i := range 2 {
		plan.Steps = append(plan.Steps, Step{Node: fmt.Sprintf("n%d", i+1), Command: []string{os.Args[0], "fake-step", mode, dir}, Part: Part{First: 2 * i, Count: 2, Listen: loopback}})
		plan.Replicas[2*i].Node, plan.Replicas[2*i+1].Node = plan.Steps[i].Node, plan.Steps[i].Node
	}
	o := fakeOptions(dir)
	o.Order = func(s Step) ([]byte, error) { return json.Marshal(s.Part) }
	return plan, o
}

// Replicas on nodes serve, log and end as those here do.
func TestSteps(t *testing.T) {
	dir := t.TempDir()
	plan, o := fakeSteps("brief", dir)
	eng, err := Start(context.Background(), plan, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range eng.Endpoints() {
		if e.Model != "fake" {
			t.Errorf("replica %d: %+v", i, e)
		}
	}
	http.Get(eng.Endpoints()[3].URL + "/quit")
	if err := <-eng.Died(); err == nil || err.Error() != "engine replica 3 on n2 ended by itself: exit status 7" {
		t.Error(err)
	}
	if err := eng.Stop(time.Second); err != nil {
		t.Error(err)
	}
	awaitAllGone(t, filepath.Join(dir, "lock"))
	for i := range 4 {
		if log := tail(filepath.Join(o.LogDir, fmt.Sprintf("replica-%d.log", i))); !strings.Contains(log, "Loading safetensors") {
			t.Errorf("replica %d logs %q", i, log)
		}
	}
}

// What does not heed a polite word is killed when the grace is over, and at once when the
// other side is gone.
func TestStepsStop(t *testing.T) {
	dir := t.TempDir()
	plan, o := fakeSteps("deaf", dir)
	eng, err := Start(context.Background(), plan, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := eng.Stop(100 * time.Millisecond); err != nil {
		t.Error(err)
	}
	awaitAllGone(t, filepath.Join(dir, "lock"))
}

// An engine that dies while it loads ends the start, with its log's reason.
func TestStepFailsToStart(t *testing.T) {
	dir := t.TempDir()
	plan, o := fakeSteps("die", dir)
	_, err := Start(context.Background(), plan, o)
	var failure *Failure
	if !errors.As(err, &failure) || failure.Node == "" || failure.Key != "engine_config.gpu_memory_utilization" {
		t.Errorf("%v", err)
	}
	awaitAllGone(t, filepath.Join(dir, "lock"))
}

// A node that says nothing any more, and whose engines are not there, is lost.
func TestSilentNode(t *testing.T) {
	dir := t.TempDir()
	plan, o := fakeSteps("mute", dir)
	plan.Steps, plan.Replicas = plan.Steps[:1], plan.Replicas[:1]
	plan.Steps[0].Part.Count = 1
	o.silence = 200 * time.Millisecond
	var killed []string
	var mu sync.Mutex
	o.KillStep = func(job string) {
		mu.Lock()
		defer mu.Unlock()
		killed = append(killed, job)
	}
	_, err := Start(context.Background(), plan, o)
	if err == nil || !strings.Contains(err.Error(), "engine replica 0 on n1 ended while starting: its node says nothing any more, for ") {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(killed) != 1 || killed[0] != "7.1" {
		t.Errorf("the scheduler was told to end %q", killed)
	}
}

// A step that ends by itself says why with the scheduler's words; what it says of the
// node is heard, whatever else is printed there.
func TestStepEnds(t *testing.T) {
	plan, o := fakeSteps("chatty", t.TempDir())
	said := map[string]bool{}
	o.Tell = func(node, text string, invalid bool) { said[fmt.Sprint(node, text, invalid)] = true }
	_, err := Start(context.Background(), plan, o)
	if err == nil || err.Error() != "engine replica 0 on n1 cannot be started: its step ended: slurmstepd: error: *** STEP 7.1 ON n1 CANCELLED ***" {
		t.Error(err)
	}
	if !said["n1mindtrue"] {
		t.Errorf("%v", said)
	}
}

// A launcher that is not there is said, and nothing is left of those that were.
func TestNoLauncher(t *testing.T) {
	dir := t.TempDir()
	plan, o := fakeSteps("serve", dir)
	plan.Steps[1].Command = []string{filepath.Join(dir, "srun")}
	if _, err := Start(context.Background(), plan, o); err == nil || !strings.Contains(err.Error(), "engine replica 2 on n2 cannot be started: ") {
		t.Error(err)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestAnswer(t *testing.T) {
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	if !answer([]string{url}, time.Second) || !answer(nil, time.Second) {
		t.Error("it listens")
	}
	l.Close()
	if answer([]string{url}, time.Second) || answer([]string{"://"}, time.Second) {
		t.Error("nobody listens")
	}
}

// FuzzWords: whatever a step says, it writes into its folder alone, and breaks nothing.
func FuzzWords(f *testing.F) {
	for _, line := range []string{
		`{"job":"7.1"}`, `{"replica":0,"started":true,"url":"http://127.0.0.1:1"}`, `{"replica":-1,"exited":"x"}`, `{"replica":1,"exited":"x"}`,
		`{"replica":0,"beside":"../../x","log":"eA=="}`, `{"replica":0,"beside":"ray","exited":"x"}`, `{"failed":{}}`, `{"told":"a signal"}`, `{"replica":1e9}`,
	} {
		f.Add(line + "\n" + line)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		var told sync.Mutex
		o, err := StartOptions{LogDir: filepath.Join(dir, "logs")}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(o.LogDir, 0o755); err != nil {
			t.Fatal(err)
		}
		s := &step{Step: &Step{Node: "n1", Part: Part{Count: 2}}, o: o, told: &told, logs: map[string]*os.File{}, placed: make(chan struct{}), gone: make(chan struct{})}
		for range 2 {
			s.members = append(s.members, &member{process: remote([]*step{s})})
		}
		s.members[0].companion = remote([]*step{s})
		for line := range strings.Lines(text) {
			var w Word
			if json.Unmarshal([]byte(line), &w) == nil {
				s.hear(&w)
			}
		}
		s.finish(s.cause())
		close(s.gone)
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("%v, %v", entries, err)
		}
	})
}

// A scheduler that ends a step kills its processes one by one: where the engine is first,
// the end of the step is the cause all the same, and where the step goes on, the engine's is.
func TestStepKilledEngineFirst(t *testing.T) {
	const killed = "killed by signal 9 (killed)"
	for _, c := range []struct {
		how, want string
		ends      bool
		settle    time.Duration
	}{
		{killed, "its step ended: CANCELLED", true, time.Hour},
		{killed, killed, false, time.Millisecond},
		{"exit status 7", "exit status 7", true, time.Hour},
		{"killed by signal 11 (segmentation fault)", "killed by signal 11 (segmentation fault)", true, time.Hour},
	} {
		s := &step{Step: &Step{Part: Part{Count: 1}}, o: StartOptions{settle: c.settle}, logs: map[string]*os.File{}, placed: make(chan struct{}), gone: make(chan struct{})}
		m := &member{process: remote([]*step{s})}
		s.members = []*member{m}
		s.hear(&Word{Exited: c.how})
		if c.ends {
			s.finish("its step ended: CANCELLED")
			close(s.gone)
		}
		<-m.process.exited
		if m.process.how != c.want {
			t.Errorf("%s, the step ends %t: told is %q, want %q", c.how, c.ends, m.process.how, c.want)
		}
	}
}
