/* bcryptprimitives.dll: the one function of it that programs in Rust want (cryptography, uv), and
   that Wine 8 has not. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(void *buffer, ULONG size); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(unsigned char *buffer, SIZE_T size) {
    return SystemFunction036(buffer, (ULONG)size);
}
