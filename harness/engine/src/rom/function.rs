//! Which functions this model has, and where they stand.

/// Defines the functions: variants named as in the ROM's linker scripts.
macro_rules! functions {
    ($($address:literal $name:ident,)*) => {
        /// A function of the ROM.
        #[expect(non_camel_case_types, reason = "the ROM's linker scripts name them so")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Function {
            $($name,)*
        }

        impl Function {
            /// Its name in the linker scripts.
            #[cfg(test)]
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Function::$name => stringify!($name),)*
                }
            }

            /// The function that starts at `address`.
            pub(super) fn at(address: u32) -> Option<Function> {
                match address {
                    $($address => Some(Function::$name),)*
                    _ => None,
                }
            }
        }

        /// Addresses and functions.
        #[cfg(test)]
        pub(super) const TABLE: &[(u32, Function)] = &[$(($address, Function::$name),)*];
    };
}

functions! {
    // The chip.
    0x4000_0018 rtc_get_reset_reason,
    0x4000_0024 rtc_get_wakeup_cause,
    0x4000_0040 ets_printf,
    0x4000_0048 ets_install_uart_printf,
    0x4000_0050 ets_delay_us,
    0x4000_0068 uart_tx_one_char,
    0x4000_006C uart_tx_one_char2,
    0x4000_0070 uart_rx_one_char,
    0x4000_0074 uart_rx_one_char_block,
    0x4000_0080 uart_tx_flush,
    0x4000_0084 uart_tx_wait_idle,
    0x4000_0090 software_reset,
    0x4000_0094 software_reset_cpu,
    0x4000_0580 ets_get_apb_freq,
    0x4000_0584 ets_get_cpu_frequency,
    0x4000_0588 ets_update_cpu_frequency,
    0x4000_058C ets_get_printf_channel,
    0x4000_0598 ets_get_xtal_freq,
    0x4000_05F4 intr_matrix_set,
    0x4000_1954 rom_i2c_readReg,
    0x4000_1958 rom_i2c_readReg_Mask,
    0x4000_195C rom_i2c_writeReg,
    0x4000_1960 rom_i2c_writeReg_Mask,
    // Flash, and its mapping.
    0x4000_010C esp_rom_spiflash_wait_idle,
    0x4000_0120 esp_rom_spiflash_erase_chip,
    0x4000_0124 esp_rom_spiflash_erase_block,
    0x4000_0128 esp_rom_spiflash_erase_sector,
    0x4000_012C esp_rom_spiflash_write,
    0x4000_0130 esp_rom_spiflash_read,
    0x4000_0134 esp_rom_spiflash_config_param,
    0x4000_0140 esp_rom_spiflash_unlock,
    0x4000_0150 esp_rom_spiflash_config_clk,
    0x4000_0154 esp_rom_spiflash_config_readmode,
    0x4000_0158 esp_rom_spiflash_read_status,
    0x4000_015C esp_rom_spiflash_read_statushigh,
    0x4000_0160 esp_rom_spiflash_write_status,
    0x4000_0164 esp_rom_spiflash_attach,
    0x4000_1C40 esp_rom_spiflash_write_disable,
    0x4000_055C Cache_MMU_Init,
    0x4000_0560 Cache_Ibus_MMU_Set,
    0x4000_0564 cache_dbus_mmu_set,
    // Checksums.
    0x4000_0614 MD5Init,
    0x4000_0618 MD5Update,
    0x4000_061C MD5Final,
    0x4000_0628 crc32_le,
    0x4000_062C crc32_be,
    0x4000_0630 crc16_le,
    0x4000_0634 crc16_be,
    0x4000_0638 crc8_le,
    0x4000_063C crc8_be,
    0x4000_0640 esp_crc8,
    0x4000_00C4 mz_crc32,
    // The cache, which is not modelled, so there is nothing to do.
    0x4000_04CC Cache_Invalidate_ICache_Items,
    0x4000_04D4 Cache_Invalidate_Addr,
    0x4000_04D8 Cache_Invalidate_ICache_All,
    0x4000_051C Cache_Disable_ICache,
    0x4000_0520 Cache_Enable_ICache,
    0x4000_0524 Cache_Suspend_ICache,
    0x4000_0528 Cache_Resume_ICache,
    0x4000_052C Cache_Freeze_ICache_Enable,
    0x4000_0530 Cache_Freeze_ICache_Disable,
    // The C library.
    0x4000_0354 memset,
    0x4000_0358 memcpy,
    0x4000_035C memmove,
    0x4000_0360 memcmp,
    0x4000_0364 strcpy,
    0x4000_0368 strncpy,
    0x4000_036C strcmp,
    0x4000_0370 strncmp,
    0x4000_0374 strlen,
    0x4000_0378 strstr,
    0x4000_037C bzero,
    0x4000_03C8 memchr,
    0x4000_03D0 strcasecmp,
    0x4000_03D8 strcat,
    0x4000_03E0 strchr,
    0x4000_03F0 strlcpy,
    0x4000_0424 abs,
    // The compiler's library: integers.
    0x4000_0784 __bswapdi2,
    0x4000_0788 __bswapsi2,
    0x4000_077C __ashldi3,
    0x4000_0780 __ashrdi3,
    0x4000_0798 __clzdi2,
    0x4000_079C __clzsi2,
    0x4000_07A4 __ctzdi2,
    0x4000_07A8 __ctzsi2,
    0x4000_07A0 __cmpdi2,
    0x4000_07B4 __divdi3,
    0x4000_07C0 __divsi3,
    0x4000_07D0 __ffsdi2,
    0x4000_07D4 __ffssi2,
    0x4000_0814 __gcc_bcmp,
    0x4000_0830 __lshrdi3,
    0x4000_083C __moddi3,
    0x4000_0840 __modsi3,
    0x4000_084C __muldi3,
    0x4000_0858 __mulsi3,
    0x4000_086C __negdi2,
    0x4000_0880 __paritysi2,
    0x4000_0884 __popcountdi2,
    0x4000_0888 __popcountsi2,
    0x4000_08A8 __ucmpdi2,
    0x4000_08AC __udivdi3,
    0x4000_08B4 __udivsi3,
    0x4000_08BC __umoddi3,
    0x4000_08C0 __umodsi3,
    // The compiler's library: floating-point numbers.
    0x4000_076C __adddf3,
    0x4000_0770 __addsf3,
    0x4000_07B0 __divdf3,
    0x4000_07BC __divsf3,
    0x4000_07C4 __eqdf2,
    0x4000_07C8 __eqsf2,
    0x4000_07CC __extendsfdf2,
    0x4000_07D8 __fixdfdi,
    0x4000_07DC __fixdfsi,
    0x4000_07E0 __fixsfdi,
    0x4000_07E4 __fixsfsi,
    0x4000_07E8 __fixunsdfsi,
    0x4000_07EC __fixunssfdi,
    0x4000_07F0 __fixunssfsi,
    0x4000_07F4 __floatdidf,
    0x4000_07F8 __floatdisf,
    0x4000_07FC __floatsidf,
    0x4000_0800 __floatsisf,
    0x4000_0804 __floatundidf,
    0x4000_0808 __floatundisf,
    0x4000_080C __floatunsidf,
    0x4000_0810 __floatunsisf,
    0x4000_0818 __gedf2,
    0x4000_081C __gesf2,
    0x4000_0820 __gtdf2,
    0x4000_0824 __gtsf2,
    0x4000_0828 __ledf2,
    0x4000_082C __lesf2,
    0x4000_0834 __ltdf2,
    0x4000_0838 __ltsf2,
    0x4000_0848 __muldf3,
    0x4000_0854 __mulsf3,
    0x4000_0864 __nedf2,
    0x4000_0868 __negdf2,
    0x4000_0870 __negsf2,
    0x4000_087C __nesf2,
    0x4000_0894 __subdf3,
    0x4000_0898 __subsf3,
    0x4000_08A4 __truncdfsf2,
    0x4000_08C4 __unorddf2,
    0x4000_08C8 __unordsf2,
}
