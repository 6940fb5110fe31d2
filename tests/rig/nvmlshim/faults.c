// Faults and their windows: from FAKE_NVML_FAULT, timed from the moment the library was loaded, and from the control
// file FAKE_NVML_CTL, timed from the moment that file was written, so that every process sees them at once.
#include "shim.h"

static const char *NAMES[FAULTS] = {
    "lost", "unk", "nopower", "ecc", "hang", "throttle", "reset", "xid", "noproc", "allna", "driver", "mismatch",
    "gone", "procerr", "memonly", "mig",
};
static const double NEVER = 1e18;

typedef struct { double from, to; } Window;  // monotonic seconds
static Window windows[FAULTS][MAX_GPUS];
static pthread_mutex_t control_mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *control;
static struct timespec control_mtime;
static ino_t control_inode;
static double loaded_at, next_poll;
static long hang_ms;
static int xid_default, xid_code[MAX_GPUS], xid_sent[MAX_GPUS];

static void clear(void) {
  for (int fault = 0; fault < FAULTS; fault++)
    for (int gpu = 0; gpu < MAX_GPUS; gpu++) windows[fault][gpu] = (Window){NEVER, 0};
}

static void set_fault(int gpu, const char *kind, const char *value, Window window) {
  for (int fault = 0; fault < FAULTS; fault++)
    if (!strcmp(kind, NAMES[fault])) windows[fault][gpu] = window;
  if (!strcmp(kind, "work")) set_work(gpu, value, window.from);
  if (!strcmp(kind, "xid")) {
    int code = *value ? atoi(value) : xid_default;
    if (code != xid_code[gpu]) xid_sent[gpu] = 0;
    xid_code[gpu] = code;
  }
}

// One token: kind[:gpus][=value][@start[-end]], gpus = * or 3 or 0-3.
static void apply(char *token, double origin) {
  char *at = strchr(token, '@'), *end = NULL, *colon = strchr(token, ':'), *equals;
  Window window = {origin, NEVER};
  if (at) {
    *at = 0;
    window.from = origin + strtod(at + 1, &end);
    if (*end == '-') window.to = origin + atof(end + 1);
  }
  if (colon) *colon = 0;
  const char *range = colon ? colon + 1 : "*", *value = "";
  if (colon && (equals = strchr(colon + 1, '='))) {
    *equals = 0;
    value = equals + 1;
  }
  if (!strcmp(token, "hangms")) hang_ms = atol(range);
  if (!strcmp(token, "latus")) latency_us = atol(range);
  if (!strcmp(token, "initms")) init_ms = atol(range);
  int first = 0, last = MAX_GPUS - 1;
  if (*range != '*') {
    first = last = atoi(range);
    const char *dash = strchr(range, '-');
    if (dash) last = atoi(dash + 1);
  }
  for (int gpu = first < 0 ? 0 : first; gpu <= last && gpu < MAX_GPUS; gpu++) set_fault(gpu, token, value, window);
}

static void parse(const char *text, double origin) {
  const char *between = ",; \t\r\n";
  char copy[8192], *rest;
  snprintf(copy, sizeof copy, "%s", text);
  for (char *token = strtok_r(copy, between, &rest); token; token = strtok_r(NULL, between, &rest))
    apply(token, origin);
}

static void reload(double written_at) {
  char text[8192];
  int fd = open(control, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  if (size < 0) return;
  text[size] = 0;
  clear();
  parse(env("FAKE_NVML_FAULT", ""), loaded_at);
  parse(text, written_at);
  for (int gpu = 0; gpu < MAX_GPUS; gpu++)  // an XID taken out of the file may be sent again later
    if (windows[XID][gpu].from == NEVER) xid_sent[gpu] = 0;
}

void control_poll(void) {
  if (!control || monotonic() < next_poll) return;
  pthread_mutex_lock(&control_mutex);
  struct stat found;
  if (monotonic() >= next_poll && !stat(control, &found)) {
    int same = found.st_ino == control_inode && !memcmp(&found.st_mtim, &control_mtime, sizeof control_mtime);
    control_inode = found.st_ino;
    control_mtime = found.st_mtim;
    if (!same) reload(from_wall(found.st_mtim));
  }
  next_poll = monotonic() + 0.05;
  pthread_mutex_unlock(&control_mutex);
}

void faults_setup(void) {
  loaded_at = monotonic();
  clear();
  hang_ms = atol(env("FAKE_NVML_HANG_MS", "5000"));
  xid_default = atoi(env("FAKE_NVML_XID", "79"));
  parse(env("FAKE_NVML_FAULT", ""), loaded_at);
  control = getenv("FAKE_NVML_CTL");
}

int on(enum Fault fault, int gpu) {
  double t = monotonic();
  return t >= windows[fault][gpu].from && t < windows[fault][gpu].to;
}

double fault_age(enum Fault fault, int gpu) { return on(fault, gpu) ? monotonic() - windows[fault][gpu].from : 0; }

int take_xid(int gpu) {
  if (!on(XID, gpu) || __atomic_exchange_n(&xid_sent[gpu], 1, __ATOMIC_RELAXED)) return 0;
  return xid_code[gpu];
}

void hang(int gpu) {
  for (double end = monotonic() + hang_ms * 1e-3; on(HANG, gpu) && monotonic() < end; control_poll()) nap_us(10000);
}
