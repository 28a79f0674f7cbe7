/* Runs the script that its first argument names, as a program that embeds Python without site. */

#include <Python.h>

int main(int count, char **words)
{
    PyConfig config;
    PyStatus status;

    if (count < 2)
        return 98;
    PyConfig_InitPythonConfig(&config);
    config.parse_argv = 0;
    config.site_import = 0;
    PyConfig_SetBytesArgv(&config, count - 1, words + 1);
    PyConfig_SetBytesString(&config, &config.home, PYTHON_HOME);
    PyConfig_SetBytesString(&config, &config.run_filename, words[1]);
    status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    return PyStatus_Exception(status) ? 99 : Py_RunMain();
}
