// What one GPU is and reads: identity, use, memory, power, temperature, clocks, links, errors, modes.
#include "shim.h"
#include <math.h>

enum { ARCH_HOPPER = 9 };
static const U64 RESERVED = 600ULL << 20;  // bytes the driver keeps for itself

// Most readings are one number: RETURN(pointer, value).
#define RETURN(out, value) do { NEED(out); *(out) = (value); return OK; } while (0)
#define POWER(gpu) do { if (on(NOPOWER, (gpu)->index)) return NOT_SUPPORTED; } while (0)
#define DATACENTER(gpu) do { if (!(gpu)->model->datacenter) return NOT_SUPPORTED; } while (0)
#define NO_MIG(gpu) do { if (on(MIG, (gpu)->index)) return NOT_SUPPORTED; } while (0)

// ---- identity
EXPORT Ret nvmlDeviceGetName(Gpu *gpu, char *out, U32 size) {
  DEVICE(gpu);
  return put_string(out, size, env("FAKE_NVML_NAME", gpu->model->name));
}
EXPORT Ret nvmlDeviceGetSerial(Gpu *gpu, char *out, U32 size) {
  DEVICE(gpu);
  DATACENTER(gpu);
  char serial[30];
  snprintf(serial, sizeof serial, "16520230%05d", gpu->index);
  return put_string(out, size, serial);
}
EXPORT Ret nvmlDeviceGetIndex(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, visible_index(gpu)); }
EXPORT Ret nvmlDeviceGetMinorNumber(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, gpu->index); }
EXPORT Ret nvmlDeviceGetBrand(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, gpu->model->datacenter ? 14 : 13); }
EXPORT Ret nvmlDeviceGetArchitecture(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, gpu->model->arch); }
EXPORT Ret nvmlDeviceGetNumGpuCores(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, gpu->model->cores); }
EXPORT Ret nvmlDeviceGetVbiosVersion(Gpu *gpu, char *out, U32 size) {
  DEVICE(gpu);
  return put_string(out, size, "96.00.74.00.01");
}
EXPORT Ret nvmlDeviceGetCudaComputeCapability(Gpu *gpu, int *major, int *minor) {
  DEVICE(gpu);
  NEED(major);
  *major = gpu->model->compute / 10;
  RETURN(minor, gpu->model->compute % 10);
}
static Ret pci(Gpu *gpu, Pci *out) {
  NEED(out);
  *out = (Pci){.domain = gpu->index / 128, .bus = 1 + gpu->index % 128};
  out->device_id = 0x233010DE;
  out->subsystem_id = 0x16C110DE;
  bus_id(gpu, out->legacy, 4);
  bus_id(gpu, out->bus_id, 8);
  return OK;
}
EXPORT Ret nvmlDeviceGetPciInfo(Gpu *gpu, Pci *out) { DEVICE(gpu); return pci(gpu, out); }
EXPORT Ret nvmlDeviceGetPciInfo_v2(Gpu *gpu, Pci *out) { DEVICE(gpu); return pci(gpu, out); }
EXPORT Ret nvmlDeviceGetPciInfo_v3(Gpu *gpu, Pci *out) { DEVICE(gpu); return pci(gpu, out); }
EXPORT Ret nvmlDeviceGetPciInfoExt(Gpu *gpu, PciExt *out) {
  DEVICE(gpu);
  NEED(out);
  VERSION(out, 1);
  *out = (PciExt){out->version, gpu->index / 128, 1 + gpu->index % 128, 0, 0x233010DE, 0x16C110DE, 3, 2, ""};
  bus_id(gpu, out->bus_id, 8);
  return OK;
}

// ---- use and memory. With MIG on, the driver gives utilisation per instance only.
EXPORT Ret nvmlDeviceGetUtilizationRates(Gpu *gpu, Utilization *out) {
  DEVICE(gpu);
  NO_MIG(gpu);
  const double bus_share[WORKS] = {0, 30, 92, 48};  // percent of memory bandwidth at full load
  double load = load_of(gpu);
  RETURN(out, ((Utilization){(U32)(load * 100 + 0.5), (U32)(load * bus_share[gpu->work] + 0.5)}));
}
static Ret codec(U32 pct, U32 *use, U32 *period_us) { NEED(use); *use = pct; RETURN(period_us, 167000); }
static U32 video_pct(Gpu *gpu, int channel) { return gpu->work == AI ? (U32)(noise(gpu, channel, 6) * 18) : 0; }
EXPORT Ret nvmlDeviceGetEncoderUtilization(Gpu *gpu, U32 *use, U32 *us) {
  DEVICE(gpu); NO_MIG(gpu); return codec(video_pct(gpu, 10), use, us); }
EXPORT Ret nvmlDeviceGetDecoderUtilization(Gpu *gpu, U32 *use, U32 *us) {
  DEVICE(gpu); NO_MIG(gpu); return codec(video_pct(gpu, 11), use, us); }
EXPORT Ret nvmlDeviceGetJpgUtilization(Gpu *gpu, U32 *use, U32 *us) {
  DEVICE(gpu);
  NO_MIG(gpu);
  return codec(0, use, us);
}
EXPORT Ret nvmlDeviceGetOfaUtilization(Gpu *gpu, U32 *use, U32 *us) {
  DEVICE(gpu);
  NO_MIG(gpu);
  return codec(0, use, us);
}
static U64 used_of(Gpu *gpu) {
  U64 used = mem_used(gpu), most = gpu->model->mem - RESERVED;
  return used < most ? used : most;
}
EXPORT Ret nvmlDeviceGetMemoryInfo(Gpu *gpu, Memory *out) {  // version 1 counts the driver's reserve as used
  DEVICE(gpu);
  U64 total = gpu->model->mem, used = used_of(gpu) + RESERVED;
  RETURN(out, ((Memory){total, total - used, used}));
}
EXPORT Ret nvmlDeviceGetMemoryInfo_v2(Gpu *gpu, MemoryV2 *out) {
  DEVICE(gpu);
  NEED(out);
  VERSION(out, 2);
  U64 total = gpu->model->mem, used = used_of(gpu);
  RETURN(out, ((MemoryV2){out->version, total, RESERVED, total - used - RESERVED, used}));
}
EXPORT Ret nvmlDeviceGetBAR1MemoryInfo(Gpu *gpu, Bar1 *out) {
  DEVICE(gpu);
  U64 total = gpu->model->datacenter ? 137438953472ULL : 268435456ULL, used = 5ULL << 20;
  RETURN(out, ((Bar1){total, total - used, used}));
}
EXPORT Ret nvmlDeviceGetConfComputeMemSizeInfo(Gpu *gpu, U64 *out) {
  DEVICE(gpu);
  NEED(out);
  out[0] = 0;
  out[1] = gpu->model->mem / 1024;
  return OK;
}

// ---- power and energy
EXPORT Ret nvmlDeviceGetPowerUsage(Gpu *gpu, U32 *out) {
  DEVICE(gpu);
  POWER(gpu);
  if (realistic) nap_us(300);
  energy_mj(gpu);
  RETURN(out, (U32)(watts_of(gpu) * 1000));
}
EXPORT Ret nvmlDeviceGetEnforcedPowerLimit(Gpu *gpu, U32 *out) {
  DEVICE(gpu);
  POWER(gpu);
  RETURN(out, power_limit_mw(gpu));
}
EXPORT Ret nvmlDeviceGetPowerManagementLimit(Gpu *gpu, U32 *out) {
  DEVICE(gpu);
  POWER(gpu);
  RETURN(out, power_limit_mw(gpu));
}
EXPORT Ret nvmlDeviceGetPowerManagementDefaultLimit(Gpu *gpu, U32 *out) {
  DEVICE(gpu);
  POWER(gpu);
  RETURN(out, gpu->model->tdp_w * 1000);
}
EXPORT Ret nvmlDeviceGetPowerManagementLimitConstraints(Gpu *gpu, U32 *min, U32 *max) {
  DEVICE(gpu);
  POWER(gpu);
  NEED(min);
  *min = gpu->model->min_w * 1000;
  RETURN(max, gpu->model->tdp_w * 1000);
}
EXPORT Ret nvmlDeviceGetPowerManagementMode(Gpu *gpu, U32 *out) { DEVICE(gpu); POWER(gpu); RETURN(out, 1); }
static Ret limit_power(Gpu *gpu, U32 mw) {
  if (*env("FAKE_NVML_ROOT", "1") == '0') return NO_PERMISSION;
  POWER(gpu);
  if (mw < gpu->model->min_w * 1000 || mw > gpu->model->tdp_w * 1000) return INVALID;
  set_power_limit(gpu, mw);
  return OK;
}
EXPORT Ret nvmlDeviceSetPowerManagementLimit(Gpu *gpu, U32 mw) { DEVICE(gpu); return limit_power(gpu, mw); }
EXPORT Ret nvmlDeviceSetPowerManagementLimit_v2(Gpu *gpu, PowerV2 *limit) {
  DEVICE(gpu);
  NEED(limit);
  VERSION(limit, 2);
  return limit_power(gpu, limit->mw);
}
EXPORT Ret nvmlDeviceGetTotalEnergyConsumption(Gpu *gpu, U64 *out) {
  DEVICE(gpu);
  POWER(gpu);
  RETURN(out, energy_mj(gpu));
}

// ---- temperature and fans
EXPORT Ret nvmlDeviceGetTemperature(Gpu *gpu, U32 sensor, U32 *out) {
  DEVICE(gpu);
  if (sensor) return INVALID;
  RETURN(out, (U32)temp_of(gpu));
}
EXPORT Ret nvmlDeviceGetTemperatureV(Gpu *gpu, TemperatureV1 *out) {
  DEVICE(gpu);
  NEED(out);
  VERSION(out, 1);
  if (out->sensor) return INVALID;
  RETURN(&out->temp_c, (int)temp_of(gpu));
}
enum { SHUTDOWN_C = 95, SLOWDOWN_C = 90, MEM_MAX_C = 95, GPU_MAX_C = 87 };
EXPORT Ret nvmlDeviceGetMarginTemperature(Gpu *gpu, MarginV1 *out) {
  DEVICE(gpu);
  NEED(out);
  VERSION(out, 1);
  RETURN(&out->margin_c, GPU_MAX_C - (int)temp_of(gpu));
}
EXPORT Ret nvmlDeviceGetTemperatureThreshold(Gpu *gpu, U32 kind, U32 *out) {
  DEVICE(gpu);
  const U32 thresholds[] = {SHUTDOWN_C, SLOWDOWN_C, MEM_MAX_C, GPU_MAX_C};
  if (kind > 3) return NOT_SUPPORTED;
  RETURN(out, thresholds[kind]);
}
static Ret fan_pct(Gpu *gpu, U32 *out) {
  POWER(gpu);
  if (!gpu->model->fans) return NOT_SUPPORTED;
  RETURN(out, (U32)fmin(100, fmax(30, (temp_of(gpu) - 30) * 1.6)));
}
EXPORT Ret nvmlDeviceGetFanSpeed(Gpu *gpu, U32 *out) { DEVICE(gpu); return fan_pct(gpu, out); }
EXPORT Ret nvmlDeviceGetFanSpeed_v2(Gpu *gpu, U32 fan, U32 *out) {
  DEVICE(gpu);
  return fan > 1 ? INVALID : fan_pct(gpu, out);
}
EXPORT Ret nvmlDeviceGetFanSpeedRPM(Gpu *gpu, FanRpm *out) {
  DEVICE(gpu);
  NEED(out);
  VERSION(out, 1);
  U32 pct;
  Ret ret = fan_pct(gpu, &pct);
  if (!ret) out->rpm = pct * 33;
  return ret;
}
EXPORT Ret nvmlDeviceGetNumFans(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, gpu->model->fans ? 2 : 0); }

// ---- clocks: 0 graphics, 1 SM, 2 memory, 3 video
static Ret clock_mhz(Gpu *gpu, U32 kind, U32 *out) {
  U32 sm = sm_clock(gpu), mem = gpu->model->mem_mhz / (gpu->work == IDLE ? 4 : 1);
  const U32 mhz[] = {sm, sm, mem, sm * 9 / 10};
  if (kind > 3) return INVALID;
  RETURN(out, mhz[kind]);
}
static Ret max_mhz(Gpu *gpu, U32 kind, U32 *out) {
  const U32 sm = gpu->model->sm_mhz, mhz[] = {sm, sm, gpu->model->mem_mhz, sm * 9 / 10};
  if (kind > 3) return INVALID;
  RETURN(out, mhz[kind]);
}
EXPORT Ret nvmlDeviceGetClockInfo(Gpu *gpu, U32 kind, U32 *out) { DEVICE(gpu); return clock_mhz(gpu, kind, out); }
EXPORT Ret nvmlDeviceGetClock(Gpu *gpu, U32 kind, U32 id, U32 *out) {
  DEVICE(gpu);
  (void)id;
  return clock_mhz(gpu, kind, out);
}
EXPORT Ret nvmlDeviceGetMaxClockInfo(Gpu *gpu, U32 kind, U32 *out) { DEVICE(gpu); return max_mhz(gpu, kind, out); }
EXPORT Ret nvmlDeviceGetApplicationsClock(Gpu *gpu, U32 kind, U32 *out) { DEVICE(gpu); return max_mhz(gpu, kind, out); }
EXPORT Ret nvmlDeviceGetMaxCustomerBoostClock(Gpu *gpu, U32 kind, U32 *out) {
  DEVICE(gpu);
  return max_mhz(gpu, kind, out);
}
static Ret p_state(Gpu *gpu, U32 *out) { RETURN(out, gpu->work == IDLE ? 8 : gpu->work == MINE ? 2 : 0); }
EXPORT Ret nvmlDeviceGetPerformanceState(Gpu *gpu, U32 *out) { DEVICE(gpu); return p_state(gpu, out); }
EXPORT Ret nvmlDeviceGetPowerState(Gpu *gpu, U32 *out) { DEVICE(gpu); return p_state(gpu, out); }
EXPORT Ret nvmlDeviceGetCurrentClocksThrottleReasons(Gpu *gpu, U64 *out) {
  DEVICE(gpu);
  RETURN(out, clock_reasons(gpu));
}
EXPORT Ret nvmlDeviceGetCurrentClocksEventReasons(Gpu *gpu, U64 *out) { DEVICE(gpu); RETURN(out, clock_reasons(gpu)); }
EXPORT Ret nvmlDeviceGetSupportedClocksThrottleReasons(Gpu *gpu, U64 *out) { DEVICE(gpu); RETURN(out, 0x1ff); }
EXPORT Ret nvmlDeviceGetSupportedClocksEventReasons(Gpu *gpu, U64 *out) { DEVICE(gpu); RETURN(out, 0x1ff); }
EXPORT Ret nvmlDeviceGetViolationStatus(Gpu *gpu, U32 kind, Violation *out) {
  DEVICE(gpu);
  (void)kind;
  RETURN(out, ((Violation){wall_us(), (U64)(fault_age(THROTTLE, gpu->index) * 1e9)}));
}

// ---- PCIe and NVLink
EXPORT Ret nvmlDeviceGetPcieThroughput(Gpu *gpu, U32 counter, U32 *out) {
  DEVICE(gpu);
  if (realistic) nap_us(20000);  // documented: the driver measures over 20 ms
  RETURN(out, (U32)(load_of(gpu) * noise(gpu, 20 + counter, 2) * 9e6));
}
EXPORT Ret nvmlDeviceGetCurrPcieLinkGeneration(Gpu *gpu, U32 *out) {
  DEVICE(gpu);
  RETURN(out, gpu->work == IDLE ? 1 : 5);
}
EXPORT Ret nvmlDeviceGetCurrPcieLinkWidth(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, 16); }
EXPORT Ret nvmlDeviceGetMaxPcieLinkGeneration(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, 5); }
EXPORT Ret nvmlDeviceGetMaxPcieLinkWidth(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, 16); }
EXPORT Ret nvmlDeviceGetPcieReplayCounter(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, (U32)ecc_errors(gpu, 0)); }
static Ret nvlink(Gpu *gpu, U32 link, U32 *out, U32 value) {
  if (!gpu->model->nvlinks) return NOT_SUPPORTED;
  if ((int)link >= gpu->model->nvlinks) return INVALID;
  RETURN(out, value);
}
EXPORT Ret nvmlDeviceGetNvLinkState(Gpu *gpu, U32 link, U32 *out) { DEVICE(gpu); return nvlink(gpu, link, out, 1); }
EXPORT Ret nvmlDeviceGetNvLinkVersion(Gpu *gpu, U32 link, U32 *out) { DEVICE(gpu); return nvlink(gpu, link, out, 4); }

// ---- memory errors
EXPORT Ret nvmlDeviceGetEccMode(Gpu *gpu, U32 *current, U32 *pending) {
  DEVICE(gpu);
  DATACENTER(gpu);
  NEED(current);
  *current = 1;
  RETURN(pending, 1);
}
EXPORT Ret nvmlDeviceGetTotalEccErrors(Gpu *gpu, U32 type, U32 counter, U64 *out) {
  DEVICE(gpu);
  DATACENTER(gpu);
  (void)counter;
  RETURN(out, ecc_errors(gpu, type == 1));
}
EXPORT Ret nvmlDeviceGetMemoryErrorCounter(Gpu *gpu, U32 type, U32 counter, U32 location, U64 *out) {
  DEVICE(gpu);
  DATACENTER(gpu);
  (void)counter;
  RETURN(out, location == 2 ? ecc_errors(gpu, type == 1) : 0);
}
EXPORT Ret nvmlDeviceGetRemappedRows(Gpu *gpu, U32 *corrected, U32 *uncorrected, U32 *pending, U32 *failed) {
  DEVICE(gpu);
  DATACENTER(gpu);
  NEED(corrected && uncorrected && pending);
  *corrected = 0;
  *uncorrected = (U32)ecc_errors(gpu, 1) / 8;
  *pending = *uncorrected > 0;
  RETURN(failed, 0);
}
EXPORT Ret nvmlDeviceGetRetiredPages(Gpu *gpu, U32 cause, U32 *n, U64 *out) {
  DEVICE(gpu);
  (void)cause;
  (void)out;
  RETURN(n, 0);
}
EXPORT Ret nvmlDeviceGetRetiredPagesPendingStatus(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, 0); }

// ---- modes
EXPORT Ret nvmlDeviceGetPersistenceMode(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, 1); }
EXPORT Ret nvmlDeviceGetComputeMode(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, 0); }
EXPORT Ret nvmlDeviceGetDisplayMode(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, 0); }
EXPORT Ret nvmlDeviceGetDisplayActive(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, 0); }
EXPORT Ret nvmlDeviceGetMigMode(Gpu *gpu, U32 *current, U32 *pending) {
  DEVICE(gpu);
  U32 enabled = on(MIG, gpu->index);
  if (!enabled && gpu->model->arch != ARCH_HOPPER && strcmp(gpu->model->key, "a100")) return NOT_SUPPORTED;
  NEED(current);
  *current = enabled;
  RETURN(pending, enabled);
}
EXPORT Ret nvmlDeviceIsMigDeviceHandle(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, 0); }
EXPORT Ret nvmlDeviceGetMaxMigDeviceCount(Gpu *gpu, U32 *out) { DEVICE(gpu); RETURN(out, on(MIG, gpu->index) ? 7 : 0); }
EXPORT Ret nvmlDeviceGetMigDeviceHandleByIndex(Gpu *gpu, U32 index, Gpu **out) {
  DEVICE(gpu);
  (void)index;
  (void)out;
  return NOT_FOUND;
}
