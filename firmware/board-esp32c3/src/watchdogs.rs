//! Watchdogs off: nothing here feeds them, and a simulated second may take no host time at all.

use crate::registers::{rtc, timg};

/// Stops the RTC watchdog, the super watchdog and those of both timer groups.
pub(crate) fn stop() {
    rtc::WDT_WPROTECT.write(rtc::WDT_KEY);
    rtc::WDT_CONFIG0.write(0);
    rtc::WDT_WPROTECT.write(0);
    rtc::SWD_WPROTECT.write(rtc::SWD_KEY);
    rtc::SWD_CONF.set(rtc::SWD_AUTO_FEED);
    rtc::SWD_WPROTECT.write(0);
    for group in 0..2 {
        timg::WDT_WPROTECT[group].write(timg::WDT_KEY);
        timg::WDT_CONFIG0[group].write(0);
        timg::WDT_WPROTECT[group].write(0);
    }
}
