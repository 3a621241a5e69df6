/* A stand-in for the NVIDIA driver's library on a machine without one: every
   call that SGLang's kernels are linked to answers CUDA_ERROR_NO_DEVICE. */
#define NO_DEVICE 100

int cuInit(unsigned int flags) { (void)flags; return NO_DEVICE; }

int cuDriverGetVersion(int *version) { *version = 0; return NO_DEVICE; }

int cuPointerGetAttribute(void *data, int attribute, unsigned long long pointer) {
  (void)data; (void)attribute; (void)pointer;
  return NO_DEVICE;
}

int cuGetProcAddress(const char *name, void **entry, int version, unsigned long long flags) {
  (void)name; (void)version; (void)flags;
  *entry = 0;
  return NO_DEVICE;
}

int cuGetProcAddress_v2(const char *name, void **entry, int version, unsigned long long flags, void *status) {
  (void)status;
  return cuGetProcAddress(name, entry, version, flags);
}
