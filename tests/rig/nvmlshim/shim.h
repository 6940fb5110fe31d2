// What the files of the fake libnvidia-ml.so.1 share: the public NVML ABI as nvidia-ml-py declares it (nvml.h is not
// needed) and the handful of functions each file offers the others. README.md lists the environment switches.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define MAX_GPUS 256
#define MAX_PROCS 64  // per GPU and list

typedef int Ret;
typedef unsigned U32;
typedef unsigned long long U64;
typedef struct Gpu Gpu;

enum {
  OK = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6, TOO_SMALL = 7,
  NO_DRIVER = 9, TIMED_OUT = 10, IS_LOST = 15, NEEDS_RESET = 16, RM_MISMATCH = 18, BAD_VERSION = 25, UNKNOWN = 999,
};

// ---- ABI
typedef struct { U32 gpu, memory; } Utilization;
typedef struct { U64 total, free, used; } Memory;
typedef struct { U32 version; U64 total, reserved, free, used; } MemoryV2;
typedef struct { U64 total, free, used; } Bar1;
typedef struct { char legacy[16]; U32 domain, bus, device, device_id, subsystem_id; char bus_id[32]; } Pci;
typedef struct { U32 version, domain, bus, device, device_id, subsystem_id, base, sub; char bus_id[32]; } PciExt;
typedef struct { U32 pid; U64 mem; } ProcessV1;
typedef struct { U32 pid; U64 mem; U32 gpu_instance, compute_instance; } ProcessV2;
typedef struct { U32 pid; U64 mem; U32 gpu_instance, compute_instance; U64 protected_mem; } ProcessDetail;
typedef struct { U32 version, mode, n; ProcessDetail *list; } ProcessDetailList;
typedef struct { U32 pid; U64 at_us; U32 sm, mem, enc, dec; } ProcessUse;
typedef struct { U64 at_us; U32 pid, sm, mem, enc, dec, jpg, ofa; } ProcessUseV1;
typedef struct { U32 version, n; U64 since_us; ProcessUseV1 *list; } ProcessUseList;
typedef union { double d; U32 u; unsigned long ul; U64 ull; long long sll; int i; unsigned short us; } Value;
typedef struct { U32 id, scope; long long at_us, latency_us; U32 type; Ret ret; Value value; } Field;
typedef struct { U64 at_us; Value value; } Sample;
typedef struct { U32 version, sensor; int temp_c; } TemperatureV1;
typedef struct { U32 version; int margin_c; } MarginV1;
typedef struct { U32 version, fan, rpm; } FanRpm;
typedef struct { U32 version, scope, mw; } PowerV2;
typedef struct { U64 reference_us, violation_ns; } Violation;
typedef struct { Gpu *gpu; U64 type, data; U32 gpu_instance, compute_instance; } EventData;
_Static_assert(sizeof(Utilization) == 8 && sizeof(Memory) == 24 && sizeof(MemoryV2) == 40 && sizeof(Bar1) == 24, "abi");
_Static_assert(sizeof(Pci) == 68 && sizeof(PciExt) == 64 && sizeof(ProcessV1) == 16 && sizeof(ProcessV2) == 24, "abi");
_Static_assert(sizeof(ProcessDetail) == 32 && sizeof(ProcessDetailList) == 24 && sizeof(ProcessUse) == 32, "abi");
_Static_assert(sizeof(ProcessUseV1) == 40 && sizeof(ProcessUseList) == 24 && sizeof(Field) == 40, "abi");
_Static_assert(sizeof(Sample) == 16 && sizeof(TemperatureV1) == 12 && sizeof(MarginV1) == 8, "abi");
_Static_assert(sizeof(FanRpm) == 12 && sizeof(PowerV2) == 12 && sizeof(Violation) == 16, "abi");
_Static_assert(sizeof(EventData) == 32, "abi");

// ---- GPUs and what they do
typedef struct {
  const char *key, *name;
  U64 mem;
  U32 tdp_w, min_w, idle_w, sm_mhz, mem_mhz;
  int compute, fans, datacenter, nvlinks, arch, cores;  // datacenter: ECC, MIG, serial, no fan of its own
} Model;
enum Work { IDLE, AI, MINE, TRAIN, WORKS };
enum ProcKind { COMPUTE, GRAPHICS, MPS };
struct Gpu {
  int index;
  const Model *model;
  int work;
  double work_since;  // seconds, shared clock
};
typedef struct { U32 pid; U64 mem; } Proc;

extern Gpu gpus[MAX_GPUS];
extern int gpu_count, realistic;
extern long latency_us, init_ms;

double load_of(Gpu *gpu);         // 0..1
double watts_of(Gpu *gpu);
double temp_of(Gpu *gpu);
double noise(Gpu *gpu, int channel, double period_s);
U64 mem_used(Gpu *gpu);           // bytes, without the driver's reserve
U32 sm_clock(Gpu *gpu);           // MHz
U64 clock_reasons(Gpu *gpu);      // NVML's clock event reason bits
U64 ecc_errors(Gpu *gpu, int uncorrected);
U64 energy_mj(Gpu *gpu);
U32 power_limit_mw(Gpu *gpu);
void set_power_limit(Gpu *gpu, U32 mw);
void set_work(int gpu, const char *name, double since);
int processes(Gpu *gpu, enum ProcKind kind, Proc *out);  // how many; `out` holds MAX_PROCS
void gpus_setup(void);

// ---- holders (FAKE_NVML_HOLD, FAKE_NVML_GFX)
extern int holding;               // whether FAKE_NVML_HOLD is set
void holders_setup(void);
void holders_refresh(void);
int holders_of(Gpu *gpu, enum ProcKind kind, Proc *out);
U64 holders_mem(Gpu *gpu);

// ---- faults
enum Fault {
  LOST, UNK, NOPOWER, ECC, HANG, THROTTLE, RESET, XID, NOPROC, ALLNA, DRIVER, MISMATCH, GONE, PROCERR, MEMONLY, MIG,
  FAULTS,
};
void faults_setup(void);
void control_poll(void);          // re-reads FAKE_NVML_CTL when it changed, at most every 50 ms
int on(enum Fault fault, int gpu);
double fault_age(enum Fault fault, int gpu);  // seconds since it began; 0 when off
int take_xid(int gpu);            // XID code of an event not yet delivered to this process, else 0
void hang(int gpu);               // blocks while the fault lasts, at most FAKE_NVML_HANG_MS

// ---- clocks and small things
double now(void);                 // seconds on a clock that all processes share; stands still with FAKE_NVML_STATIC=1
double settled(double since, double tau_s);  // 0..1, how far a change made at `since` has settled
double monotonic(void);
double from_wall(struct timespec wall);      // a file's mtime on the monotonic clock
U64 wall_us(void);
void nap_us(long us);
const char *env(const char *name, const char *otherwise);
extern int frozen;

// ---- the frame of every call
void count_call(U64 **slot, const char *name);
Ret enter(Gpu *gpu);              // the faults that any call on this GPU can meet
Ret enter_system(void);
Ret put_string(char *out, U32 size, const char *text);
void bus_id(Gpu *gpu, char *out, int domain_width);
int visible_gpus(void);
int visible_index(Gpu *gpu);

#define COUNT() do { static U64 *slot_; count_call(&slot_, __func__); } while (0)
#define DEVICE(gpu) COUNT(); do { Ret ret_ = enter(gpu); if (ret_) return ret_; } while (0)
#define SYSTEM() COUNT(); do { Ret ret_ = enter_system(); if (ret_) return ret_; } while (0)
#define NEED(pointer) do { if (!(pointer)) return INVALID; } while (0)
#define VERSION(it, number) \
  do { if ((it)->version != (((U32)(number) << 24) | sizeof *(it))) return BAD_VERSION; } while (0)
