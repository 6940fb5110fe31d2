// Who holds a GPU, when tests say so with real processes: every file DIR/<gpu>-<pid> of FAKE_NVML_HOLD=DIR, with the
// content "<work> [mem_mib] [mps]", is a process on that GPU for as long as /proc/<pid> exists and is no zombie.
// The file's mtime is when it began, so all processes agree how far it has settled. FAKE_NVML_GFX="gpu:pid,..." names
// display servers.
#include "shim.h"
#include <dirent.h>

enum { MAX_HOLDERS = 1024 };
typedef struct { int gpu, work; enum ProcKind kind; U32 pid; double since; U64 mem; } Holder;

int holding;
static const char *folder;
static Holder held[MAX_HOLDERS], display[MAX_PROCS];
static int n_held, n_display;
static double next_read;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static const double LOADING_S = 3, GRAPHICS_MIB = 60;

static int alive(U32 pid) {
  char path[40], line[512];
  snprintf(path, sizeof path, "/proc/%u/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t size = read(fd, line, sizeof line - 1);
  close(fd);
  if (size <= 0) return 0;
  line[size] = 0;
  char *name_end = strrchr(line, ')');  // the name itself may hold anything
  return name_end && name_end[1] && !strchr("ZXx", name_end[2]);
}

static int work_named(const char *name) {
  return !strcmp(name, "ai") ? AI : !strcmp(name, "mine") ? MINE : !strcmp(name, "train") ? TRAIN : IDLE;
}

static int read_holder(int dir_fd, const char *name, Holder *out) {
  char text[64], work[16] = "", kind[8] = "", rest;
  struct stat found;
  double mib = 0;
  if (sscanf(name, "%d-%u%c", &out->gpu, &out->pid, &rest) != 2 || out->gpu < 0 || out->gpu >= gpu_count) return 0;
  int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t size = read(fd, text, sizeof text - 1);
  int known = !fstat(fd, &found);
  close(fd);
  if (size <= 0 || !known || !alive(out->pid)) return 0;
  text[size] = 0;
  sscanf(text, "%15s %lf %7s", work, &mib, kind);
  out->work = work_named(work);
  out->kind = strcmp(kind, "mps") ? COMPUTE : MPS;
  out->since = from_wall(found.st_mtim);
  const double share[WORKS] = {0.006, 0.72, 0.10, 0.90};  // of the card's memory, when the file names none
  out->mem = mib > 0 ? (U64)(mib * 1048576) : (U64)(gpus[out->gpu].model->mem * share[out->work]);
  return 1;
}

static void read_folder(void) {
  DIR *dir = opendir(folder);
  n_held = 0;
  for (struct dirent *entry; dir && (entry = readdir(dir)) && n_held < MAX_HOLDERS;)
    n_held += read_holder(dirfd(dir), entry->d_name, &held[n_held]);
  if (dir) closedir(dir);
}

// The newest holder decides what the GPU does; without one it idles.
static void assign_work(void) {
  int newest[MAX_GPUS];
  memset(newest, -1, sizeof newest);
  for (int i = 0; i < n_held; i++) {
    int *best = &newest[held[i].gpu];
    if (*best < 0 || held[i].since > held[*best].since) *best = i;
  }
  for (int gpu = 0; gpu < gpu_count; gpu++) {
    gpus[gpu].work = newest[gpu] < 0 ? IDLE : held[newest[gpu]].work;
    gpus[gpu].work_since = newest[gpu] < 0 ? -1e6 : held[newest[gpu]].since;
  }
}

void holders_refresh(void) {
  if (!holding || monotonic() < next_read) return;
  pthread_mutex_lock(&mutex);
  if (monotonic() >= next_read) {
    read_folder();
    assign_work();
    next_read = monotonic() + 0.02;
  }
  pthread_mutex_unlock(&mutex);
}

static U64 loaded(const Holder *holder) { return (U64)(holder->mem * settled(holder->since, LOADING_S)) >> 20 << 20; }

int holders_of(Gpu *gpu, enum ProcKind kind, Proc *out) {
  int n = 0;
  pthread_mutex_lock(&mutex);
  for (int i = 0; i < n_held && n < MAX_PROCS; i++)
    if (held[i].gpu == gpu->index && held[i].kind == kind) out[n++] = (Proc){held[i].pid, loaded(&held[i])};
  pthread_mutex_unlock(&mutex);
  for (int i = 0; kind == GRAPHICS && i < n_display && n < MAX_PROCS; i++)
    if (display[i].gpu == gpu->index && alive(display[i].pid)) out[n++] = (Proc){display[i].pid, display[i].mem};
  return n;
}

U64 holders_mem(Gpu *gpu) {
  Proc list[MAX_PROCS];
  U64 sum = 0;
  for (enum ProcKind kind = COMPUTE; kind <= MPS; kind++)
    for (int i = holders_of(gpu, kind, list); i-- > 0;) sum += list[i].mem;
  return sum;
}

void holders_setup(void) {
  folder = getenv("FAKE_NVML_HOLD");
  holding = folder && *folder;
  char copy[1024], *rest;
  snprintf(copy, sizeof copy, "%s", env("FAKE_NVML_GFX", ""));
  for (char *item = strtok_r(copy, ", ", &rest); item && n_display < MAX_PROCS; item = strtok_r(NULL, ", ", &rest)) {
    Holder *new = &display[n_display];
    n_display += sscanf(item, "%d:%u", &new->gpu, &new->pid) == 2;
    new->mem = (U64)GRAPHICS_MIB << 20;
  }
}
