"""What passes through the pipe between the sampler and the console. Loaded by both ends: imports nothing but struct.

A frame is PREFIX (magic, kind, version, body length) and a body, little-endian. Text is a u16 length and UTF-8 bytes.

    HELLO    HELLO_HEAD, driver text, then per GPU IDENTITY_HEAD and uuid, pci, name, then per unnamed GPU UNNAMED
    TICK     TICK_HEAD, then one RECORD per GPU in HELLO's order
    CLIENTS  CLIENTS_HEAD, then one CLIENT per process
    BEAT     "now reading GPU k"; written before the reading begins, so that silence has a name
    XID      XID_HEAD, uuid text
    FAILURE  i32 code, text; the sampler ends after it

The table of GPUs only grows while a sampler lives, so a place in the newest HELLO names the same GPU for ever.
"""

from struct import Struct

MAGIC = 0xC4
VERSION = 1
MAX_BODY = 1 << 20
MAX_GPUS = 1024
MAX_CLIENTS = 1024
MAX_TEXT = 512

HELLO, TICK, CLIENTS, BEAT, XID, FAILURE = 1, 2, 3, 4, 5, 6

PREFIX = Struct("<BBHI")
TEXT = Struct("<H")
HELLO_HEAD = Struct("<IHH")  # count that NVML gives, GPUs, unnamed GPUs
IDENTITY_HEAD = Struct("<i")  # NVML index, -1 when it has none now
UNNAMED = Struct("<ii")  # index, return code
TICK_HEAD = Struct("<IH")  # tick, GPUs
CLIENTS_HEAD = Struct("<HHId")  # GPU, 1 when the list could be read, processes, at
CLIENT = Struct("<IIQ")  # pid, kind, bytes (NO_VALUE when not told)
COMPUTE, GRAPHICS, MPS = 0, 1, 2
BEAT_BODY = Struct("<HH")  # phase, GPU (LISTING: NVML index)
XID_HEAD = Struct("<dQ")  # at, code
FAILURE_HEAD = Struct("<i")

# Phases of a BEAT: what is about to be asked.
STARTING, COUNTING, LISTING, OPENING, READING = 0, 1, 2, 3, 4

NO_VALUE = (1 << 64) - 1

# One GPU in a TICK, naturally aligned so that NVML itself writes into it (see nvml_abi.Record).
RECORD_FIELDS = (
    ("at", "d"),  # Unix seconds when this GPU was read
    ("mono_s", "d"),
    ("energy_mj", "Q"),
    ("mem_version", "I"),  # the next six are nvmlMemory_v2_t
    ("mem_pad", "I"),
    ("mem_total", "Q"),
    ("mem_reserved", "Q"),
    ("mem_free", "Q"),
    ("mem_used", "Q"),
    ("reasons", "Q"),  # clock event reason bits
    ("sw_thermal_ns", "Q"),
    ("hw_thermal_ns", "Q"),
    ("brake_ns", "Q"),
    ("ecc_corrected", "Q"),
    ("ecc_uncorrected", "Q"),
    ("status", "i"),  # NVML return code: SUCCESS, or why there is no fresh reading
    ("known", "I"),  # bits: fields that the last reading filled
    ("absent", "I"),  # bits: fields this GPU does not have (NOT_SUPPORTED, learned once)
    ("util_pct", "I"),
    ("mem_util_pct", "I"),
    ("power_mw", "I"),
    ("limit_mw", "I"),
    ("temp_c", "I"),
    ("fan_pct", "I"),
    ("sm_mhz", "I"),
    ("mem_mhz", "I"),
    ("remap_pending", "I"),
    ("remap_failed", "I"),
    ("mig", "I"),
)
RECORD = Struct("<" + "".join(code for _, code in RECORD_FIELDS))

# Bits of ``known`` and ``absent``.
UTIL, MEMORY, RESERVED, ENERGY, POWER, LIMIT, TEMP, FAN = 1, 2, 4, 8, 16, 32, 64, 128
SM_CLOCK, MEM_CLOCK, REASONS, ECC_CORRECTED, ECC_UNCORRECTED = 256, 512, 1024, 2048, 4096
REMAP_PENDING, REMAP_FAILED, MIG, SW_THERMAL, HW_THERMAL, BRAKE = 8192, 16384, 32768, 65536, 131072, 262144

# NVML return codes that mean something here (nvml.h, nvmlReturn_t).
SUCCESS, UNINITIALIZED, INVALID_ARGUMENT, NOT_SUPPORTED, NO_PERMISSION = 0, 1, 2, 3, 4
NOT_FOUND, INSUFFICIENT_SIZE, DRIVER_NOT_LOADED, TIMEOUT, LIBRARY_NOT_FOUND = 6, 7, 9, 10, 12
FUNCTION_NOT_FOUND, GPU_IS_LOST, RESET_REQUIRED, OPERATING_SYSTEM, MISMATCH = 13, 15, 16, 17, 18
VERSION_MISMATCH, GPU_NOT_FOUND, UNKNOWN = 25, 28, 999
CRASHED = -1  # not NVML's: the sampler itself failed
