// The cards and the signals they give: functions of a clock that all processes share, of the work and of the faults.
// Only the energy counters and the power limits are state; FAKE_NVML_STATE=FILE shares those between processes too.
#include "shim.h"
#include <math.h>

// Board figures as printed in NVIDIA's data sheets; idle power and clocks as commonly seen.
static const Model MODELS[] = {
    {"h100", "NVIDIA H100 80GB HBM3", 85520809984ULL, 700, 200, 70, 1980, 2619, 90, 0, 1, 18, 9, 16896},
    {"h200", "NVIDIA H200", 150754820096ULL, 700, 200, 75, 1980, 3201, 90, 0, 1, 18, 9, 16896},
    {"a100", "NVIDIA A100-SXM4-80GB", 85899345920ULL, 400, 100, 55, 1410, 1593, 80, 0, 1, 12, 7, 6912},
    {"l40s", "NVIDIA L40S", 48305799168ULL, 350, 100, 35, 2520, 9001, 89, 0, 1, 0, 8, 18176},
    {"4090", "NVIDIA GeForce RTX 4090", 25757220864ULL, 450, 150, 20, 3105, 10501, 89, 1, 0, 0, 8, 16384},
    {"3080", "NVIDIA GeForce RTX 3080", 10737418240ULL, 320, 100, 18, 2100, 9501, 86, 1, 0, 0, 7, 8704},
};
enum { N_MODELS = sizeof MODELS / sizeof *MODELS };
static const char *WORK_NAMES[WORKS] = {"idle", "ai", "mine", "train"};

typedef struct { U64 energy_uj, at_us, limit_mw; } State;
static State own_state[MAX_GPUS], *state = own_state;

Gpu gpus[MAX_GPUS];
int gpu_count, realistic, frozen;
long latency_us, init_ms;
static double settle_scale, seed;
static U32 shown_pids[MAX_PROCS];
static int n_shown_pids, procs_per_gpu;

// ---- clocks
static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}
double monotonic(void) { return seconds(CLOCK_MONOTONIC); }
double from_wall(struct timespec wall) {
  return monotonic() - (seconds(CLOCK_REALTIME) - (wall.tv_sec + wall.tv_nsec * 1e-9));
}
U64 wall_us(void) { return (U64)(seconds(CLOCK_REALTIME) * 1e6); }
double now(void) { return frozen ? 100.0 : monotonic(); }
void nap_us(long us) {
  struct timespec left = {us / 1000000, us % 1000000 * 1000};
  while (us > 0 && nanosleep(&left, &left) && errno == EINTR) {}
}
double settled(double since, double tau_s) {
  double x = (monotonic() - since) / (tau_s * settle_scale);
  if (frozen || x > 6) return 1;
  return x <= 0 ? 0 : 1 - exp(-x);
}
const char *env(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  return value && *value ? value : otherwise;
}

// ---- signals
static double hashed(U64 x) {  // MurmurHash3's finaliser, to [0, 1)
  x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return ((x ^ x >> 33) >> 11) * (1.0 / 9007199254740992.0);
}
double noise(Gpu *gpu, int channel, double period_s) {  // smooth in time, 0..1
  double t = now() / period_s, part = t - floor(t);
  U64 at = ((U64)gpu->index << 40 ^ (U64)channel << 32 ^ (U64)(seed * 1000)) + (U64)floor(t);
  double a = hashed(at), b = hashed(at + 1);
  return a + (b - a) * part * part * (3 - 2 * part);
}
double load_of(Gpu *gpu) {
  double fast = noise(gpu, 1, 2), slow = noise(gpu, 2, 17), settled_part = settled(gpu->work_since, 1.5);
  switch (gpu->work) {
    case MINE: return (0.985 + 0.015 * fast) * settled_part;
    case TRAIN: return (noise(gpu, 3, 9) < 0.12 ? 0.15 + 0.2 * fast : 0.9 + 0.1 * fast) * settled_part;
    case AI: return (0.25 + 0.45 * slow + 0.30 * fast) * settled_part;
    default: return 0;
  }
}
double watts_of(Gpu *gpu) {
  const double share[WORKS] = {0, 0.88, 0.80, 0.97};  // of the board's limit, at full load
  const Model *m = gpu->model;
  double limit = power_limit_mw(gpu) / 1000.0 * (on(THROTTLE, gpu->index) ? 0.55 : 1);
  double full = m->tdp_w * share[gpu->work] - m->idle_w;
  double watts = m->idle_w + (gpu->work ? full * load_of(gpu) : 0) + 6 * noise(gpu, 4, 1);
  return watts > limit ? limit - noise(gpu, 5, 1) : watts;
}
double temp_of(Gpu *gpu) {
  double heat = 42 * watts_of(gpu) / gpu->model->tdp_w * settled(gpu->work_since, 20);
  return 28 + 2 * (gpu->index % 5) + heat + 3 * noise(gpu, 6, 30) + (on(THROTTLE, gpu->index) ? 24 : 0);
}
U64 mem_used(Gpu *gpu) {
  if (on(MEMONLY, gpu->index)) return 8ULL << 30;
  double share = 0.006;
  double part = settled(gpu->work_since, 3);
  if (!holding && gpu->work == MINE) share = 0.06 + 0.05 * part;
  if (!holding && gpu->work == TRAIN) share += 0.90 * part;
  if (!holding && gpu->work == AI) share += (0.62 + 0.2 * noise(gpu, 7, 40)) * part;
  return ((U64)(gpu->model->mem * share) + holders_mem(gpu)) >> 20 << 20;
}
U32 sm_clock(Gpu *gpu) {
  double mhz = gpu->work == IDLE ? 345 : gpu->model->sm_mhz * (0.72 + 0.28 * (1 - 0.3 * load_of(gpu)));
  return (U32)(on(THROTTLE, gpu->index) ? mhz * 0.5 : mhz);
}
U64 clock_reasons(Gpu *gpu) {  // 1 idle, 4 software power cap, 8 hardware slowdown, 0x40 hardware thermal slowdown
  if (on(THROTTLE, gpu->index)) return 0x48;
  if (gpu->work == IDLE) return 1;
  return watts_of(gpu) > power_limit_mw(gpu) / 1000.0 - 2 ? 4 : 0;
}
U64 ecc_errors(Gpu *gpu, int uncorrected) { return (U64)(fault_age(ECC, gpu->index) * (uncorrected ? 0.2 : 3)); }

// ---- state: lock-free, so that a process killed at any instant leaves it whole
U64 energy_mj(Gpu *gpu) {
  State *s = &state[gpu->index];
  U64 at = (U64)(monotonic() * 1e6), last = __atomic_load_n(&s->at_us, __ATOMIC_ACQUIRE);
  double watts = last ? watts_of(gpu) : gpu->model->idle_w;  // a counter that starts has idled since boot
  if (at > last && __atomic_compare_exchange_n(&s->at_us, &last, at, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    __atomic_add_fetch(&s->energy_uj, (U64)(watts * (at - last)), __ATOMIC_ACQ_REL);
  return 1000000000ULL + gpu->index * 10000000ULL + __atomic_load_n(&s->energy_uj, __ATOMIC_ACQUIRE) / 1000;
}
U32 power_limit_mw(Gpu *gpu) {
  U64 mw = __atomic_load_n(&state[gpu->index].limit_mw, __ATOMIC_ACQUIRE);
  return mw ? (U32)mw : gpu->model->tdp_w * 1000;
}
void set_power_limit(Gpu *gpu, U32 mw) {
  energy_mj(gpu);  // what was drawn until now was drawn under the old limit
  __atomic_store_n(&state[gpu->index].limit_mw, mw, __ATOMIC_RELEASE);
}

// ---- processes
int processes(Gpu *gpu, enum ProcKind kind, Proc *out) {
  if (on(NOPROC, gpu->index) || on(MEMONLY, gpu->index)) return 0;
  if (holding || kind != COMPUTE || gpu->work == IDLE) return holders_of(gpu, kind, out);
  for (int i = 0; i < procs_per_gpu; i++)
    out[i] = (Proc){shown_pids[(gpu->index * procs_per_gpu + i) % n_shown_pids], mem_used(gpu) / procs_per_gpu};
  return procs_per_gpu;
}

// ---- set-up
void set_work(int gpu, const char *name, double since) {
  for (int work = 0; work < WORKS && !holding; work++)
    if (!strcmp(name, WORK_NAMES[work]) && gpus[gpu].work != work) {
      gpus[gpu].work = work;
      gpus[gpu].work_since = since;
    }
}

static void share_state(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return;
  void *shared = MAP_FAILED;
  if (!ftruncate(fd, sizeof own_state))
    shared = mmap(NULL, sizeof own_state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared != MAP_FAILED) state = shared;
  close(fd);
}

static void read_pids(void) {
  char copy[1024], *rest;
  snprintf(copy, sizeof copy, "%s", env("FAKE_NVML_PIDS", ""));
  for (char *pid = strtok_r(copy, ", ", &rest); pid && n_shown_pids < MAX_PROCS; pid = strtok_r(NULL, ", ", &rest))
    shown_pids[n_shown_pids++] = atoi(pid);
  if (n_shown_pids) return;
  shown_pids[n_shown_pids++] = getpid();
  shown_pids[n_shown_pids++] = getppid() > 0 ? getppid() : 1;
}

static int clamp(int value, int low, int high) { return value < low ? low : value > high ? high : value; }

static const Model *model_at(const char *key, int index) {
  if (!strcmp(key, "mixed")) return &MODELS[index % N_MODELS];
  for (int i = 0; i < N_MODELS; i++)
    if (!strcmp(key, MODELS[i].key)) return &MODELS[i];
  return &MODELS[0];
}

void gpus_setup(void) {
  const char *model = env("FAKE_NVML_MODEL", "h100"), *work = env("FAKE_NVML_WORK", "");
  const enum Work cycle[] = {AI, TRAIN, MINE, IDLE};
  gpu_count = clamp(atoi(env("FAKE_NVML_GPUS", "8")), 0, MAX_GPUS);
  procs_per_gpu = clamp(atoi(env("FAKE_NVML_PROCS", "1")), 0, MAX_PROCS);
  latency_us = atol(env("FAKE_NVML_LATENCY_US", "0"));
  realistic = *env("FAKE_NVML_REALISTIC", "0") == '1';
  frozen = *env("FAKE_NVML_STATIC", "0") == '1';
  settle_scale = fmax(1e-6, atof(env("FAKE_NVML_SETTLE", "1")));
  seed = atof(env("FAKE_NVML_SEED", "0"));
  if (*env("FAKE_NVML_STATE", "")) share_state(getenv("FAKE_NVML_STATE"));
  read_pids();
  holders_setup();
  for (int i = 0; i < MAX_GPUS; i++) {
    gpus[i] = (Gpu){i, model_at(model, i), holding ? IDLE : cycle[i % 4], -1e6};
    set_work(i, work, -1e6);
  }
}
