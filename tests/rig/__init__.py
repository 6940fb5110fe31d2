"""The test rig: a fake NVML library, real processes that stand for miners and servers, real controllers, a terminal."""
