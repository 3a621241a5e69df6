package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"mlcfg/internal/backend"
)

// maxBody bounds a request's body: a prompt of a million tokens fits.
const maxBody = 16 << 20

// Server answers as the engine would. It is an [http.Handler].
type Server struct {
	cfg    Config
	engine *backend.Backend // whose protocol is spoken
	mux    *http.ServeMux
	pacer  *pacer
	stop   context.CancelFunc
	done   chan struct{}
	start  time.Time
	count  atomic.Int64
	// underWay counts the requests that are not over.
	underWay atomic.Int64
	words    *Vocabulary
	served   int64 // Unix time of the start, as /v1/models tells it
}

// New starts a simulated engine; Close stops it.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("simulated engine: %w", err)
	}
	engine, _ := backend.Of(cfg.Protocol)
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{cfg: cfg, engine: engine, mux: http.NewServeMux(), words: cfg.Vocabulary, stop: cancel, done: make(chan struct{}), start: time.Now()}
	s.served = s.start.Unix()
	s.pacer = newPacer(newScheduler(cfg), newMetrics(engine.Server.Buckets))
	s.routes()
	go func() {
		defer close(s.done)
		s.pacer.run(ctx)
	}()
	return s, nil
}

// Close stops generation. Requests under way wait until their clients leave.
func (s *Server) Close() {
	s.stop()
	<-s.done
}

func (s *Server) routes() {
	pages := map[backend.Page]http.HandlerFunc{
		backend.HealthPage: s.health, backend.ReleasePage: s.version, backend.ModelPage: s.modelInfo,
		backend.SettingsPage: s.serverInfo, backend.StepsPage: s.steps, backend.GeneratePage: s.generate, backend.LoadPage: s.load,
		backend.TokenizePage: s.tokenize, backend.DetokenizePage: s.detokenize,
	}
	s.mux.HandleFunc("GET "+s.engine.Health, s.health)
	s.mux.HandleFunc("GET "+s.engine.Models, s.models)
	s.mux.HandleFunc("GET "+s.engine.Models+"/{name...}", s.model)
	s.mux.HandleFunc("GET "+s.engine.Metrics, s.metrics)
	s.mux.HandleFunc("POST /v1/completions", s.completions)
	s.mux.HandleFunc("POST /v1/chat/completions", s.chat)
	for path, page := range s.engine.Server.Paths {
		s.mux.HandleFunc(path, pages[page])
	}
}

// Owner is whose the models of the simulated engine are.
const Owner = "mlrun-sim (simulated)"

// ServeHTTP answers a request, marked as simulated.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Server", "mlrun-sim")
	h.Set("X-Simulated", "true")
	if s.loading() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if handler, pattern := s.mux.Handler(r); pattern == "" { // no page: the engines say so in JSON
		said := &statusOf{ResponseWriter: w}
		handler.ServeHTTP(said, r)
		writeJSON(w, said.status, map[string]string{"detail": http.StatusText(said.status)})
		return
	}
	s.mux.ServeHTTP(w, r)
}

// statusOf keeps the status and the headers of an answer, and drops its text.
type statusOf struct {
	http.ResponseWriter
	status int
}

// WriteHeader is http.ResponseWriter's.
func (s *statusOf) WriteHeader(status int) { s.status = status }

// Write is http.ResponseWriter's.
func (s *statusOf) Write(b []byte) (int, error) { return len(b), nil }

func (s *Server) loading() bool { return time.Since(s.start) < s.cfg.Faults.Load }

func (s *Server) health(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

func (s *Server) version(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"version": mark})
}

func (s *Server) models(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": []map[string]any{s.card()}})
}

// card is what is told of the model.
func (s *Server) card() map[string]any {
	return map[string]any{
		"id": s.cfg.Name(), "object": "model", "created": s.served, "owned_by": Owner,
		"root": s.cfg.Model, "parent": nil, "max_model_len": s.cfg.MaxModelLen,
	}
}

// model is one model by its name.
func (s *Server) model(w http.ResponseWriter, r *http.Request) {
	if name := r.PathValue("name"); name != s.cfg.Model && name != strings.TrimPrefix(s.cfg.Model, "/") && name != s.cfg.Name() {
		s.refuse(w, &apiError{status: http.StatusNotFound, kind: "NotFoundError", param: "model", message: fmt.Sprintf("The model `%s` does not exist.", name)})
		return
	}
	writeJSON(w, http.StatusOK, s.card())
}

// load is how many requests are under way.
func (s *Server) load(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]int64{"server_load": s.underWay.Load()})
}

func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(s.pacer.snapshot(nil, s.exposition))
}

// steps are the figures of single steps, each told once; none are kept without
// TensorRT-LLM's enable_iter_perf_stats.
func (s *Server) steps(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []any{})
}

func (s *Server) modelInfo(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"model_path": s.cfg.Name(), "tokenizer_path": s.cfg.Name(), "is_generation": true,
		"preferred_sampling_params": nil, "weight_version": mark,
		"has_image_understanding": false, "has_audio_understanding": false,
	})
}

func (s *Server) serverInfo(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"model_path": s.cfg.Name(), "served_model_name": s.cfg.Name(), "context_length": s.cfg.MaxModelLen,
		"max_running_requests": s.cfg.MaxNumSeqs, "chunked_prefill_size": s.cfg.MaxBatchedTokens,
		"max_total_num_tokens": s.cfg.KVCacheTokens, "page_size": s.cfg.BlockSize, "random_seed": s.cfg.Seed,
		"internal_states": []any{}, "status": "ready", "version": mark,
	})
}

// generation is one request for tokens, understood and found good.
type generation struct {
	id      string
	created int64
	prompt  []int
	out     output
	wrong   misbehaviour

	stream          bool
	usage           bool // a last chunk with the token counts
	continuousUsage bool // token counts in every chunk
	tokenIDs        bool
}

// begin gives a request its id, output and faults.
func (s *Server) begin(r *http.Request, prefix string, g *generation, minTokens, limit int, ignoreEOS bool) {
	g.wrong = s.cfg.Faults.arrive(&s.count, s.pacer)
	key := promptKey(s.cfg.Seed, g.prompt)
	g.out = newOutput(key, s.cfg.Lengths, minTokens, limit, ignoreEOS)
	g.out.words = s.words
	g.created = time.Now().Unix()
	g.id = prefix + r.Header.Get("X-Request-Id")
	if g.id == prefix {
		n := uint64(s.count.Load())
		g.id = fmt.Sprintf("%s%016x%016x", prefix, mix(key^n), mix(n))
	}
}

// completionTokens is the count that the usage reports.
func (g *generation) completionTokens(n int) int {
	if g.wrong.miscounted {
		return n + 1
	}
	return n
}

// answer writes the tokens of one generation in the form of one endpoint.
type answer interface {
	// open appends what a stream begins with.
	open(b []byte) []byte
	// chunk appends the tokens from i to before j, and the reason of the end
	// where j is the last.
	chunk(b []byte, i, j int) []byte
	// close appends what follows the last token.
	close(b []byte) []byte
	// whole is the answer that is not streamed.
	whole(b []byte) []byte
}

// serve runs a generation and writes it as a.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, g *generation, a answer) {
	s.underWay.Add(1)
	defer s.underWay.Add(-1)
	st := s.pacer.submit(len(g.prompt), g.out)
	defer s.pacer.remove(st)
	if g.stream {
		s.serveStream(w, r, g, a, st)
		return
	}
	if have, err := st.wait(r.Context(), g.out.n-1); have < g.out.n || err != nil {
		return
	}
	if g.wrong.broken {
		panic(http.ErrAbortHandler)
	}
	b := a.whole(nil)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	if _, err := w.Write(b); err == nil {
		g.note(r.Context())
	}
}

func (s *Server) serveStream(w http.ResponseWriter, r *http.Request, g *generation, a answer, st *stream) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	out := http.NewResponseController(w)
	b := a.open(make([]byte, 0, 1024))
	for have := 0; have < g.out.n; {
		n, err := st.wait(r.Context(), have)
		if err != nil {
			return
		}
		b = a.chunk(b, have, n)
		have = n
		if have == g.out.n {
			break
		}
		if _, err := w.Write(b); err != nil || out.Flush() != nil {
			return
		}
		if g.wrong.broken {
			panic(http.ErrAbortHandler)
		}
		b = b[:0]
	}
	switch {
	case g.wrong.broken:
		panic(http.ErrAbortHandler)
	case g.wrong.malformed:
		b = append(b[:len(b)/2], "\n\n"...)
	}
	if _, err := w.Write(a.close(b)); err != nil {
		return
	}
	if g.wrong.late && out.Flush() == nil {
		_, _ = w.Write(a.chunk(nil, g.out.n-1, g.out.n))
	}
	g.note(r.Context())
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
