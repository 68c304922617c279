/* Its moxd_module is something else. */
extern const char moxd_module[1000] __attribute__((visibility("default")));
const char moxd_module[1000] = "no table";
