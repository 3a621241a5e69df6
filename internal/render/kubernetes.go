package render

import (
	"fmt"
	"slices"
	"strings"
)

// kubernetes writes a ConfigMap with the manifest, a pod for each replica behind a headless service
// (StatefulSet), or one for each of its machines (LeaderWorkerSet, which makes the service itself),
// and a Job for mlrun.
var kubernetes = Target{
	Name: "kubernetes", Usage: "a StatefulSet or LeaderWorkerSet of engines, and a Job that measures them",
	Takes: []string{"image", "client-image", "devices", "namespace", "results", "secret"},
	write: (*job).kubernetes,
}

// maxConfigMap is how many bytes of data the API server takes in a ConfigMap.
const maxConfigMap = 1 << 20

// sharedMemory is what an engine's workers talk through; the containers' usual 64 MiB are too
// little for any that has several.
const sharedMemory = 16

// Seconds between an engine's probes, and how many of them a start may take: an hour, as long as
// mlrun waits.
const (
	probeEvery  = 10
	startProbes = 360
)

func (j *job) kubernetes() (string, error) {
	if err := j.spreadable(); err != nil {
		return "", err
	}
	k := kubernetesJob{job: j}
	if err := k.read(); err != nil {
		return "", err
	}
	engines, err := k.engines()
	if err != nil {
		return "", err
	}
	client, err := k.client()
	if err != nil {
		return "", err
	}
	documents := append(append([]object{k.configMap()}, engines...), client)
	var b strings.Builder
	b.WriteString(j.heading("kubernetes",
		"kubectl apply -f FILE; kubectl logs -f job/"+j.Name+"-client; kubectl delete -f FILE"))
	for _, d := range documents {
		b.WriteString("---\n" + d.write())
	}
	return b.String(), nil
}

type kubernetesJob struct {
	*job
	engine, clientImage string
	kept                []volume
	data                []field // of the ConfigMap
}

func (k *kubernetesJob) read() (err error) {
	if k.engine, err = k.image(); err != nil {
		return err
	}
	if k.clientImage = k.ClientImage; k.clientImage == "" {
		return refuse("docker build -f Containerfile -t REGISTRY/mlcfg . makes one; push it, then --client-image REGISTRY/mlcfg", "no image that holds mlrun is named")
	}
	if k.Results == "" {
		return refuse("--results pvc:CLAIM, or a folder of the machines", "--results is not given: what a run keeps would go with its pod")
	}
	if k.Namespace != "" && !jobName.MatchString(k.Namespace) {
		return refuse("", "--namespace %q is no name of a namespace", k.Namespace)
	}
	if k.kept, err = k.volumes(); err != nil {
		return err
	}
	k.noteMissing(k.kept)
	files, err := k.files()
	if err != nil {
		return err
	}
	k.data = []field{{manifestFile, block(k.text)}}
	size := len(manifestFile) + len(k.text)
	for _, f := range files {
		k.data = append(k.data, field{f.Name, block(f.Text)})
		size += len(f.Name) + len(f.Text)
	}
	if size > maxConfigMap {
		return refuse("", "the manifest and its files have %d bytes, a ConfigMap takes %d", size, maxConfigMap)
	}
	return nil
}

func (k *kubernetesJob) labels(part string) object {
	return object{{"app.kubernetes.io/name", k.Name}, {"app.kubernetes.io/component", part}}
}

func (k *kubernetesJob) metadata(name, part string) object {
	return object{{"name", name}, {"namespace", optional(k.Namespace)}, {"labels", k.labels(part)}}
}

func (k *kubernetesJob) configMap() object {
	return object{
		{"apiVersion", "v1"},
		{"kind", "ConfigMap"},
		{"metadata", k.metadata(k.Name, "manifest")},
		{"data", object(k.data)},
	}
}

// escapeKubernetes makes a text stand for itself where Kubernetes puts $(NAME) in.
func escapeKubernetes(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// engines are the resources that start them.
func (k *kubernetesJob) engines() ([]object, error) {
	name := k.Name + "-engine"
	if !k.spreads() {
		pod, err := k.pod(seat{escape: escapeKubernetes}, true)
		if err != nil {
			return nil, err
		}
		service := object{
			{"apiVersion", "v1"},
			{"kind", "Service"},
			{"metadata", k.metadata(name, "engine")},
			{"spec", object{
				{"clusterIP", "None"},
				// The client waits for engines (--wait), so that it needs their addresses before they are ready.
				{"publishNotReadyAddresses", true},
				{"selector", k.labels("engine")},
				{"ports", list{object{{"name", "http"}, {"port", enginePort}, {"targetPort", "http"}}}},
			}},
		}
		set := object{
			{"apiVersion", "apps/v1"},
			{"kind", "StatefulSet"},
			{"metadata", k.metadata(name, "engine")},
			{"spec", object{
				{"serviceName", name},
				{"replicas", k.replicas},
				{"podManagementPolicy", "Parallel"},
				{"selector", object{{"matchLabels", k.labels("engine")}}},
				{"template", pod},
			}},
		}
		return []object{service, set}, nil
	}
	head, err := k.pod(seat{node: "0", head: "$(LWS_LEADER_ADDRESS)", address: podIP, escape: escapeKubernetes}, true)
	if err != nil {
		return nil, err
	}
	worker, err := k.pod(seat{worker: true, node: "$(LWS_WORKER_INDEX)", head: "$(LWS_LEADER_ADDRESS)", address: podIP, escape: escapeKubernetes}, false)
	if err != nil {
		return nil, err
	}
	return []object{{
		{"apiVersion", "leaderworkerset.x-k8s.io/v1"},
		{"kind", "LeaderWorkerSet"},
		{"metadata", k.metadata(name, "engine")},
		{"spec", object{
			{"replicas", k.replicas},
			{"leaderWorkerTemplate", object{
				{"size", k.NodesPerReplica},
				// One that lost a machine serves nothing: the group starts anew, and the run is INVALID.
				{"restartPolicy", "RecreateGroupOnPodRestart"},
				{"leaderTemplate", head},
				{"workerTemplate", worker},
			}},
		}},
	}}, nil
}

// podIP is a variable with the pod's address, as Kubernetes puts it into others.
const podIP = "$(POD_IP)"

// pod is the template of an engine's pod.
func (k *kubernetesJob) pod(s seat, serves bool) (object, error) {
	program, words, env, err := k.process(s)
	if err != nil {
		return nil, err
	}
	var variables list
	if s.address != "" {
		variables = append(variables, object{{"name", "POD_IP"}, {"valueFrom", object{{"fieldRef", object{{"fieldPath", "status.podIP"}}}}}})
	}
	for _, v := range env {
		variables = append(variables, object{{"name", v.name}, {"value", v.value}})
	}
	mounts, volumes := k.mounts()
	mounts = append(list{object{{"name", "shared-memory"}, {"mountPath", "/dev/shm"}}}, mounts...)
	volumes = append(list{object{{"name", "shared-memory"}, {"emptyDir", object{{"medium", "Memory"}, {"sizeLimit", fmt.Sprintf("%dGi", sharedMemory)}}}}}, volumes...)
	if len(k.data) > 1 {
		var items list
		for _, f := range k.data[1:] {
			items = append(items, object{{"key", f.key}, {"path", f.key}})
		}
		mounts = append(mounts, object{{"name", "files"}, {"mountPath", strings.TrimSuffix(filesIn, "/")}, {"readOnly", true}})
		volumes = append(volumes, object{{"name", "files"}, {"configMap", object{{"name", k.Name}, {"items", items}}}})
	}
	container := object{
		{"name", "engine"},
		{"image", k.engine},
		{"command", texts(program)},
		{"args", texts(words)},
		{"env", some(append(variables, k.secrets()...))},
	}
	if k.devices.resource != "" {
		container = append(container, field{"resources", object{{"limits", object{{k.devices.resource, k.perNode}}}}})
	}
	if serves {
		probe := func(every, timeout, failures int) object {
			return object{
				{"httpGet", object{{"path", k.backend.Health}, {"port", "http"}}},
				{"periodSeconds", every},
				{"timeoutSeconds", timeout},
				{"failureThreshold", failures},
			}
		}
		container = append(container,
			field{"ports", list{object{{"name", "http"}, {"containerPort", enginePort}}}},
			field{"startupProbe", probe(probeEvery, 5, startProbes)},
			field{"readinessProbe", probe(probeEvery, 5, 3)},
			// An engine at its limit answers late, and one that is restarted has spoilt the run.
			field{"livenessProbe", probe(30, 30, 10)},
		)
	}
	container = append(container, field{"volumeMounts", mounts})
	return object{
		{"metadata", object{{"labels", k.labels("engine")}}},
		{"spec", object{
			// Variables of services look like the engines' own (VLLM_PORT).
			{"enableServiceLinks", false},
			{"automountServiceAccountToken", false},
			{"terminationGracePeriodSeconds", 60},
			{"containers", list{container}},
			{"volumes", volumes},
		}},
	}, nil
}

// secrets are the variables whose values Kubernetes keeps.
func (k *kubernetesJob) secrets() (all list) {
	for _, s := range k.Secrets {
		all = append(all, object{{"name", s.Variable}, {"valueFrom", object{{"secretKeyRef", object{{"name", s.Of}, {"key", s.Key}}}}}})
	}
	return all
}

// mounts are the places of what is kept, read only, and what is there.
func (k *kubernetesJob) mounts() (mounts, volumes list) {
	for i, v := range k.kept {
		m, kept := v.kubernetes(fmt.Sprintf("data-%d", i))
		mounts, volumes = append(mounts, m), append(volumes, kept)
	}
	return mounts, volumes
}

// kubernetes is a volume's mount, and the volume.
func (v volume) kubernetes(name string) (mount, kept object) {
	mount = object{{"name", name}, {"mountPath", v.in}}
	if v.claim == "" {
		kept = object{{"name", name}, {"hostPath", object{{"path", v.path}}}}
	} else {
		kept = object{{"name", name}, {"persistentVolumeClaim", object{{"claimName", v.claim}}}}
		mount = append(mount, field{"subPath", optional(v.path)})
	}
	if !v.writable {
		mount = append(mount, field{"readOnly", true})
	}
	return mount, kept
}

// urls are where the replicas serve: each pod has a name of its own.
func (k *kubernetesJob) urls() []string {
	all := make([]string, k.replicas)
	for i := range all {
		host := fmt.Sprintf("%s-engine-%d.%s-engine", k.Name, i, k.Name)
		if k.Namespace != "" {
			host += "." + k.Namespace
		}
		all[i] = fmt.Sprintf("http://%s:%d", host, enginePort)
	}
	return all
}

// client is the job that measures.
func (k *kubernetesJob) client() (object, error) {
	results, err := volumeAt(resultsIn, k.Results, "--results")
	if err != nil {
		return nil, err
	}
	results.writable = true
	mounts, volumes := k.mounts()
	mount, kept := results.kubernetes("results")
	mounts = append(mounts, object{{"name", "manifest"}, {"mountPath", strings.TrimSuffix(filesIn, "/")}, {"readOnly", true}}, mount)
	volumes = append(volumes, object{{"name", "manifest"}, {"configMap", object{{"name", k.Name}}}}, kept)
	words := k.job.client("mlrun", filesIn+manifestFile, resultsIn, k.urls()...)
	for i, w := range words {
		words[i] = escapeKubernetes(w)
	}
	return object{
		{"apiVersion", "batch/v1"},
		{"kind", "Job"},
		{"metadata", k.metadata(k.Name+"-client", "client")},
		{"spec", object{
			// A run that failed is looked at, not repeated.
			{"backoffLimit", 0},
			{"template", object{
				{"metadata", object{{"labels", k.labels("client")}}},
				{"spec", object{
					{"restartPolicy", "Never"},
					{"enableServiceLinks", false},
					{"automountServiceAccountToken", false},
					{"terminationGracePeriodSeconds", 600},
					{"securityContext", object{{"fsGroup", 65534}}},
					{"containers", list{object{
						{"name", "mlrun"},
						{"image", k.clientImage},
						{"command", texts(slices.Clone(words[:2]))},
						{"args", texts(words[2:])},
						{"env", some(k.secrets())},
						{"volumeMounts", mounts},
					}}},
					{"volumes", volumes},
				}},
			}},
		}},
	}, nil
}
