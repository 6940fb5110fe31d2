// Readings in bulk: field values by number, and the ring of samples.
#include "shim.h"

enum { TYPE_UINT = 1, TYPE_ULL = 3 };
enum { RING = 120, RING_US = 100000 };

// 100 ms apart, 120 deep; power and utilisation only.
EXPORT Ret nvmlDeviceGetSamples(Gpu *gpu, U32 type, U64 since_us, U32 *value_type, U32 *n, Sample *out) {
  DEVICE(gpu);
  NEED(n);
  if (type > 1) return NOT_SUPPORTED;
  if (value_type) *value_type = TYPE_UINT;
  U64 at = wall_us();
  U32 fresh = 0;
  for (int k = 0; k < RING; k++) fresh += at - (U64)k * RING_US > since_us;
  if (!fresh) return NOT_FOUND;
  *n = out && *n < fresh ? *n : fresh;
  for (U32 k = 0; out && k < *n; k++) {
    out[k] = (Sample){.at_us = at - (U64)(*n - 1 - k) * RING_US};
    out[k].value.u = (U32)(type == 0 ? watts_of(gpu) * 1000 : load_of(gpu) * 100);
  }
  return OK;
}

static void put(Field *field, U32 type, U64 value) {
  field->type = type;
  field->ret = OK;
  if (type == TYPE_UINT) field->value.u = (U32)value;
  else field->value.ull = value;
}

static void ecc_field(Gpu *gpu, Field *field) {
  if (!gpu->model->datacenter) return;
  switch (field->id) {
    case 1: case 2: put(field, TYPE_UINT, 1); break;                                         // ECC mode
    case 3: case 5: case 11: case 22: put(field, TYPE_ULL, ecc_errors(gpu, 0)); break;       // corrected
    case 4: case 6: case 12: case 23: put(field, TYPE_ULL, ecc_errors(gpu, 1)); break;       // uncorrected
    case 142: case 145: put(field, TYPE_UINT, 0); break;                                     // remapped, failed
    case 143: put(field, TYPE_UINT, ecc_errors(gpu, 1) / 8); break;
    case 144: put(field, TYPE_UINT, ecc_errors(gpu, 1) / 8 > 0); break;
    default: break;
  }
}

static void power_field(Gpu *gpu, Field *field) {
  if (on(NOPOWER, gpu->index)) return;
  switch (field->id) {
    case 83: put(field, TYPE_ULL, energy_mj(gpu)); break;
    case 185: case 186: put(field, TYPE_UINT, (U64)(watts_of(gpu) * 1000)); break;           // average, instant
    case 187: put(field, TYPE_UINT, gpu->model->min_w * 1000); break;
    case 188: case 189: put(field, TYPE_UINT, gpu->model->tdp_w * 1000); break;              // highest, default
    case 190: case 191: case 192: put(field, TYPE_UINT, power_limit_mw(gpu)); break;         // asked, enforced
    default: break;
  }
}

static void other_field(Gpu *gpu, Field *field) {
  U64 throttled_ns = (U64)(fault_age(THROTTLE, gpu->index) * 1e9);
  double moved = now() * load_of(gpu);
  int links = gpu->model->nvlinks;
  switch (field->id) {
    case 29: case 30: case 31: put(field, TYPE_UINT, 0); break;                              // retired pages
    case 74: put(field, TYPE_ULL, clock_reasons(gpu) & 4 ? (U64)(now() * 1e9) : 0); break;   // power violation, ns
    case 75: case 269: case 270: put(field, TYPE_ULL, throttled_ns); break;
    case 82: if (gpu->model->datacenter) put(field, TYPE_UINT, (U64)temp_of(gpu) + 8); break;  // memory temperature
    case 91: if (links) put(field, TYPE_UINT, links); break;
    case 94: put(field, TYPE_UINT, ecc_errors(gpu, 0)); break;                               // PCIe replays
    case 138: case 139: case 140: case 141:  // NVLink KiB, of one link or of all
      if (links) put(field, TYPE_ULL, (U64)(moved * 4e6 * (field->scope == ~0u ? links : 1)));
      break;
    case 197: case 198: put(field, TYPE_ULL, (U64)(moved * 3e9)); break;                     // PCIe bytes
    default: break;
  }
}

EXPORT Ret nvmlDeviceGetFieldValues(Gpu *gpu, int n, Field *fields) {
  DEVICE(gpu);
  NEED(fields);
  if (n < 1) return INVALID;
  if (realistic) nap_us(400);
  for (Field *field = fields; field < fields + n; field++) {
    *field = (Field){field->id, field->scope, (long long)wall_us(), 5, TYPE_UINT, NOT_SUPPORTED, {0}};
    ecc_field(gpu, field);
    power_field(gpu, field);
    other_field(gpu, field);
  }
  return OK;
}
