// Who runs on a GPU and how much of it they use.
#include "shim.h"

static Ret listed(Gpu *gpu, enum ProcKind kind, U32 *n, const void *out, Proc *list) {
  NEED(n);
  if (on(PROCERR, gpu->index)) return NO_PERMISSION;
  U32 room = *n;
  *n = processes(gpu, kind, list);
  return *n && (!out || room < *n) ? TOO_SMALL : OK;
}
static Ret list_v1(Gpu *gpu, enum ProcKind kind, U32 *n, ProcessV1 *out) {
  Proc list[MAX_PROCS];
  Ret ret = listed(gpu, kind, n, out, list);
  for (U32 i = 0; !ret && i < *n; i++) out[i] = (ProcessV1){list[i].pid, list[i].mem};
  return ret;
}
static Ret list_v2(Gpu *gpu, enum ProcKind kind, U32 *n, ProcessV2 *out) {
  Proc list[MAX_PROCS];
  Ret ret = listed(gpu, kind, n, out, list);
  for (U32 i = 0; !ret && i < *n; i++) out[i] = (ProcessV2){list[i].pid, list[i].mem, ~0u, ~0u};
  return ret;
}
#define LISTS(Kind, kind) \
  EXPORT Ret nvmlDeviceGet##Kind##RunningProcesses(Gpu *gpu, U32 *n, ProcessV1 *out) { \
    DEVICE(gpu); return list_v1(gpu, kind, n, out); } \
  EXPORT Ret nvmlDeviceGet##Kind##RunningProcesses_v2(Gpu *gpu, U32 *n, ProcessV2 *out) { \
    DEVICE(gpu); return list_v2(gpu, kind, n, out); } \
  EXPORT Ret nvmlDeviceGet##Kind##RunningProcesses_v3(Gpu *gpu, U32 *n, ProcessV2 *out) { \
    DEVICE(gpu); return list_v2(gpu, kind, n, out); }
LISTS(Compute, COMPUTE)
LISTS(Graphics, GRAPHICS)
LISTS(MPSCompute, MPS)

EXPORT Ret nvmlDeviceGetRunningProcessDetailList(Gpu *gpu, ProcessDetailList *out) {
  DEVICE(gpu);
  NEED(out);
  VERSION(out, 1);
  if (out->mode > MPS) return INVALID;
  Proc list[MAX_PROCS];
  Ret ret = listed(gpu, out->mode, &out->n, out->list, list);
  for (U32 i = 0; !ret && i < out->n; i++) out->list[i] = (ProcessDetail){list[i].pid, list[i].mem, ~0u, ~0u, 0};
  return ret;
}

// The driver answers NOT_FOUND when nothing ran in the asked span.
static Ret used(Gpu *gpu, U32 *n, const void *out, U64 since_us, Proc *list) {
  if (on(PROCERR, gpu->index)) return NO_PERMISSION;
  if (on(MIG, gpu->index)) return NOT_SUPPORTED;
  Ret ret = listed(gpu, COMPUTE, n, out, list);
  return !ret && (!*n || since_us > wall_us()) ? NOT_FOUND : ret;
}
EXPORT Ret nvmlDeviceGetProcessUtilization(Gpu *gpu, ProcessUse *out, U32 *n, U64 since_us) {
  DEVICE(gpu);
  NEED(n);
  Proc list[MAX_PROCS];
  Ret ret = used(gpu, n, out, since_us, list);
  double share = ret ? 0 : load_of(gpu) / *n;
  for (U32 i = 0; !ret && i < *n; i++)
    out[i] = (ProcessUse){list[i].pid, wall_us(), (U32)(100 * share), (U32)(40 * share), 0, 0};
  return ret;
}
EXPORT Ret nvmlDeviceGetProcessesUtilizationInfo(Gpu *gpu, ProcessUseList *out) {
  DEVICE(gpu);
  NEED(out);
  VERSION(out, 1);
  Proc list[MAX_PROCS];
  Ret ret = used(gpu, &out->n, out->list, out->since_us, list);
  double share = ret ? 0 : load_of(gpu) / out->n;
  for (U32 i = 0; !ret && i < out->n; i++)
    out->list[i] = (ProcessUseV1){wall_us(), list[i].pid, (U32)(100 * share), (U32)(40 * share), 0, 0, 0, 0};
  return ret;
}
