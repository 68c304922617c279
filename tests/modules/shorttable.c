/* Its moxd_module is too small for a table. */
extern const int moxd_module __attribute__((visibility("default")));
const int moxd_module = 1;
