/* What runs before main on an emulated Cortex-M: memory is set up, floating point is switched on. */
#include <stdint.h>
extern uint32_t _stack, _data, _edata, _load, _bss, _ebss;
int main(void);
void reset(void)
{
    uint32_t *source = &_load, *target;
    for (target = &_data; target < &_edata;) *target++ = *source++;
    for (target = &_bss; target < &_ebss;) *target++ = 0;
#ifdef __ARM_FP /* Cortex-M4F: off after reset */
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;
    __asm__ volatile("dsb\n isb" ::: "memory");
#endif
    main();
    for (;;) {}
}
__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {&_stack, (void *)reset, (void *)reset, (void *)reset};
/* libm of others reports errors there; four bytes, where those of newlib take a hundred. */
int *__errno(void);
static int error;
int *__errno(void) { return &error; }
