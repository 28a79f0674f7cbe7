/* python.exe: runs the Python of PYTHON_DLL (given by the compiler), which lies beside it or, in a
   virtual environment, in the folder that pyvenv.cfg calls home. */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define LONGEST 4096
typedef int (*py_main)(int, wchar_t **);
static wchar_t folder[LONGEST], path[LONGEST];

static int is_file(const wchar_t *name) {
    return GetFileAttributesW(name) != INVALID_FILE_ATTRIBUTES;
}

static void go_home(void) {
    char line[LONGEST];
    FILE *file;
    swprintf(path, LONGEST, L"%ls\\..\\pyvenv.cfg", folder);
    file = _wfopen(path, L"rb");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "home = ", 7)) continue;
        line[strcspn(line, "\r\n")] = 0;
        MultiByteToWideChar(CP_UTF8, 0, line + 7, -1, folder, LONGEST);
    }
    if (file) fclose(file);
}

int wmain(int argc, wchar_t **argv) {
    HMODULE library;
    GetModuleFileNameW(NULL, folder, LONGEST);
    *wcsrchr(folder, L'\\') = 0;
    swprintf(path, LONGEST, L"%ls\\%ls", folder, PYTHON_DLL);
    if (!is_file(path)) go_home();
    swprintf(path, LONGEST, L"%ls\\%ls", folder, PYTHON_DLL);
    library = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!library) {
        fprintf(stderr, "%ls cannot be loaded: error %lu\n", path, GetLastError());
        return 103;
    }
    return ((py_main)GetProcAddress(library, "Py_Main"))(argc, argv);
}
