// The library as a whole: set-up, call counts, init and shutdown, the system queries, handles, events.
#include "shim.h"
#include <strings.h>

static int references;

// ---- call counts, in a mapped file (FAKE_NVML_STATS) that survives SIGKILL
typedef struct { char name[56]; U64 calls; } Counter;
enum { COUNTERS = 512 };
static Counter own_counters[COUNTERS], *counters = own_counters;
static pthread_mutex_t counter_mutex = PTHREAD_MUTEX_INITIALIZER;

void count_call(U64 **slot, const char *name) {
  if (!*slot) {
    int i = 0;
    pthread_mutex_lock(&counter_mutex);
    while (i < COUNTERS - 1 && counters[i].name[0] && strncmp(counters[i].name, name, sizeof counters[i].name - 1)) i++;
    snprintf(counters[i].name, sizeof counters[i].name, "%s", name);
    *slot = &counters[i].calls;
    pthread_mutex_unlock(&counter_mutex);
  }
  __atomic_add_fetch(*slot, 1, __ATOMIC_RELAXED);
}

static void map_counters(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return;
  void *shared = MAP_FAILED;
  if (!ftruncate(fd, sizeof own_counters))
    shared = mmap(NULL, sizeof own_counters, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared != MAP_FAILED) counters = shared;
  close(fd);
}

__attribute__((constructor)) static void set_up(void) {
  if (*env("FAKE_NVML_STATS", "")) map_counters(getenv("FAKE_NVML_STATS"));
  gpus_setup();
  faults_setup();
}

// ---- the frame of every call
Ret enter_system(void) {
  if (!references) return UNINITIALIZED;
  control_poll();
  holders_refresh();
  nap_us(latency_us);
  return OK;
}

Ret enter(Gpu *gpu) {
  Ret ret = enter_system();
  if (ret) return ret;
  if (gpu < gpus || gpu >= gpus + gpu_count) return INVALID;
  hang(gpu->index);
  if (on(LOST, gpu->index) || on(GONE, gpu->index)) return IS_LOST;
  if (on(UNK, gpu->index)) return UNKNOWN;
  if (on(RESET, gpu->index)) return NEEDS_RESET;
  return on(ALLNA, gpu->index) ? NOT_SUPPORTED : OK;
}

Ret put_string(char *out, U32 size, const char *text) {
  NEED(out);
  if (strlen(text) + 1 > size) return TOO_SMALL;
  strcpy(out, text);
  return OK;
}

// ---- init, shutdown, system
static Ret init(void) {
  control_poll();
  if (on(DRIVER, 0)) return NO_DRIVER;
  if (on(MISMATCH, 0)) return RM_MISMATCH;
  if (realistic) nap_us(30000 + gpu_count * 8000);
  nap_us(init_ms * 1000);
  __atomic_add_fetch(&references, 1, __ATOMIC_ACQ_REL);
  return OK;
}
EXPORT Ret nvmlInit(void) { COUNT(); return init(); }
EXPORT Ret nvmlInit_v2(void) { COUNT(); return init(); }
EXPORT Ret nvmlInitWithFlags(U32 flags) { COUNT(); (void)flags; return init(); }
EXPORT Ret nvmlShutdown(void) {
  COUNT();
  if (!references) return UNINITIALIZED;
  __atomic_sub_fetch(&references, 1, __ATOMIC_ACQ_REL);
  return OK;
}
EXPORT const char *nvmlErrorString(Ret ret) {
  switch (ret) {
    case OK: return "Success";
    case UNINITIALIZED: return "Uninitialized";
    case INVALID: return "Invalid Argument";
    case NOT_SUPPORTED: return "Not Supported";
    case NO_PERMISSION: return "Insufficient Permissions";
    case NOT_FOUND: return "Not Found";
    case TOO_SMALL: return "Insufficient Size";
    case NO_DRIVER: return "Driver Not Loaded";
    case TIMED_OUT: return "Timeout";
    case IS_LOST: return "GPU is lost";
    case NEEDS_RESET: return "GPU requires reset";
    case RM_MISMATCH: return "Driver/library version mismatch";
    case BAD_VERSION: return "Argument version mismatch";
    default: return "Unknown Error";
  }
}
EXPORT Ret nvmlSystemGetDriverVersion(char *out, U32 size) { SYSTEM(); return put_string(out, size, "570.133.20"); }
EXPORT Ret nvmlSystemGetNVMLVersion(char *out, U32 size) { SYSTEM(); return put_string(out, size, "12.570.133.20"); }
static Ret cuda_version(int *out) { NEED(out); *out = 12080; return OK; }
EXPORT Ret nvmlSystemGetCudaDriverVersion(int *out) { SYSTEM(); return cuda_version(out); }
EXPORT Ret nvmlSystemGetCudaDriverVersion_v2(int *out) { SYSTEM(); return cuda_version(out); }
EXPORT Ret nvmlSystemGetProcessName(U32 pid, char *out, U32 size) {
  SYSTEM();
  char path[40], name[64] = "";
  snprintf(path, sizeof path, "/proc/%u/comm", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NOT_FOUND;
  ssize_t got = read(fd, name, sizeof name - 1);
  close(fd);
  name[got > 0 ? strcspn(name, "\n") : 0] = 0;
  return put_string(out, size, name);
}

// ---- handles. The place of a GPU in the list shifts when an earlier one is gone; UUID and bus never change.
int visible_gpus(void) {
  int n = 0;
  for (int i = 0; i < gpu_count; i++) n += !on(GONE, i);
  return n;
}
int visible_index(Gpu *gpu) {
  int n = 0;
  for (int i = 0; i < gpu->index; i++) n += !on(GONE, i);
  return n;
}
static void uuid(Gpu *gpu, char *out, size_t size) {
  snprintf(out, size, "GPU-%08x-fa4e-4a11-8000-%012x", 0xc0de0000u + gpu->index, gpu->index + 1);
}
void bus_id(Gpu *gpu, char *out, int domain_width) {
  sprintf(out, "%0*X:%02X:00.0", domain_width, gpu->index / 128, 1 + gpu->index % 128);
}
static Ret hand_out(Gpu *gpu, Gpu **out) {
  if (on(LOST, gpu->index)) return IS_LOST;
  if (on(UNK, gpu->index)) return UNKNOWN;
  *out = gpu;
  return OK;
}
static Ret by_index(U32 index, Gpu **out) {
  NEED(out);
  for (int i = 0; i < gpu_count; i++)
    if (!on(GONE, i) && visible_index(&gpus[i]) == (int)index) return hand_out(&gpus[i], out);
  return INVALID;
}
static Ret by_bus(const char *wanted, Gpu **out) {
  char full[40], brief[40];
  NEED(wanted);
  NEED(out);
  for (int i = 0; i < gpu_count; i++) {
    bus_id(&gpus[i], full, 8);
    bus_id(&gpus[i], brief, 4);
    if (!on(GONE, i) && (!strcasecmp(wanted, full) || !strcasecmp(wanted, brief))) return hand_out(&gpus[i], out);
  }
  return NOT_FOUND;
}
static Ret count_gpus(U32 *out) { NEED(out); *out = visible_gpus(); return OK; }
EXPORT Ret nvmlDeviceGetCount(U32 *out) { SYSTEM(); return count_gpus(out); }
EXPORT Ret nvmlDeviceGetCount_v2(U32 *out) { SYSTEM(); return count_gpus(out); }
EXPORT Ret nvmlDeviceGetHandleByIndex(U32 index, Gpu **out) { SYSTEM(); return by_index(index, out); }
EXPORT Ret nvmlDeviceGetHandleByIndex_v2(U32 index, Gpu **out) { SYSTEM(); return by_index(index, out); }
EXPORT Ret nvmlDeviceGetHandleByPciBusId(const char *bus, Gpu **out) { SYSTEM(); return by_bus(bus, out); }
EXPORT Ret nvmlDeviceGetHandleByPciBusId_v2(const char *bus, Gpu **out) { SYSTEM(); return by_bus(bus, out); }
EXPORT Ret nvmlDeviceGetHandleByUUID(const char *wanted, Gpu **out) {
  SYSTEM();
  NEED(wanted);
  NEED(out);
  char id[96];
  for (int i = 0; i < gpu_count; i++) {
    uuid(&gpus[i], id, sizeof id);
    if (!on(GONE, i) && !strcmp(id, wanted)) return hand_out(&gpus[i], out);
  }
  return NOT_FOUND;
}
EXPORT Ret nvmlDeviceGetUUID(Gpu *gpu, char *out, U32 size) {
  DEVICE(gpu);
  char id[96];
  uuid(gpu, id, sizeof id);
  return put_string(out, size, id);
}

// ---- events: XIDs only
typedef struct { U64 mask[MAX_GPUS]; } EventSet;
enum { XID_EVENT = 8 };
EXPORT Ret nvmlEventSetCreate(EventSet **out) {
  SYSTEM();
  NEED(out);
  *out = calloc(1, sizeof **out);
  return OK;
}
EXPORT Ret nvmlEventSetFree(EventSet *set) { SYSTEM(); free(set); return OK; }
EXPORT Ret nvmlDeviceGetSupportedEventTypes(Gpu *gpu, U64 *out) { DEVICE(gpu); NEED(out); *out = 0x1f; return OK; }
EXPORT Ret nvmlDeviceRegisterEvents(Gpu *gpu, U64 mask, EventSet *set) {
  DEVICE(gpu);
  NEED(set);
  set->mask[gpu->index] |= mask;
  return OK;
}
static Ret wait_for_event(EventSet *set, EventData *out, U32 timeout_ms) {
  NEED(set);
  NEED(out);
  // A driver wakes whoever waits; this looks ten times a second, for what it costs is billed to the program that waits.
  for (double end = monotonic() + timeout_ms * 1e-3, left;; nap_us(left < 0.1 ? (long)(left * 1e6) + 1 : 100000)) {
    control_poll();
    for (int i = 0, code; i < gpu_count; i++)
      if (set->mask[i] & XID_EVENT && (code = take_xid(i))) {
        *out = (EventData){&gpus[i], XID_EVENT, code, ~0u, ~0u};
        return OK;
      }
    if ((left = end - monotonic()) <= 0) return TIMED_OUT;
  }
}
EXPORT Ret nvmlEventSetWait(EventSet *set, EventData *out, U32 ms) { COUNT(); return wait_for_event(set, out, ms); }
EXPORT Ret nvmlEventSetWait_v2(EventSet *set, EventData *out, U32 ms) { COUNT(); return wait_for_event(set, out, ms); }
