//! What a person may change, with bounds and defaults.

use crate::drive::Chassis;
use crate::texts::Language;

/// A setting: a number with bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The section of the file.
    pub section: &'static str,
    /// The key.
    pub key: &'static str,
    /// The least that makes sense.
    pub least: i32,
    /// The most.
    pub most: i32,
    /// What it is until somebody says otherwise.
    pub default: i32,
}

const fn setting(
    section: &'static str,
    key: &'static str,
    (least, most): (i32, i32),
    default: i32,
) -> Setting {
    Setting { section, key, least, most, default }
}

/// The names of the settings, as places of [`SETTINGS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Name {
    /// Power while going ahead.
    Speed,
    /// Power while turning.
    TurnSpeed,
    /// See [`Chassis::top_speed`].
    TopSpeed,
    /// See [`Chassis::track_mm`].
    Track,
    /// See [`Chassis::ramp`].
    Ramp,
    /// See [`Chassis::trim`].
    Trim,
    /// Nearer than this it stops.
    Near,
    /// Beyond this a distance is silence.
    Far,
    /// Tenths of a degree Celsius, for the speed of sound.
    Temperature,
    /// 0 is silent.
    Volume,
}

/// How many settings there are.
pub const SETTINGS_COUNT: usize = 10;

/// All settings.
pub static SETTINGS: [Setting; SETTINGS_COUNT] = DEFAULTS;

/// The same, for constants.
const DEFAULTS: [Setting; SETTINGS_COUNT] = [
    setting("drive", "speed", (5, 100), 50),
    setting("drive", "turn-speed", (5, 60), 25),
    setting("chassis", "top-speed", (50, 2000), 500),
    setting("chassis", "track", (40, 400), 120),
    setting("chassis", "ramp", (5, 100), 25),
    setting("chassis", "trim", (-20, 20), 0),
    setting("eye", "near", (30, 1000), 180),
    setting("eye", "far", (200, 3200), 1500),
    setting("eye", "temperature", (-150, 700), 200),
    setting("voice", "volume", (0, 10), 5),
];

/// Why a setting was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// There is none of that name.
    NoSuch,
    /// It is out of its bounds.
    Bounds,
}

/// The settings' values.
#[derive(Clone, Debug)]
pub struct Settings {
    values: [i32; SETTINGS_COUNT],
    /// In which the robot speaks.
    pub language: Language,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        let mut values = [0; SETTINGS_COUNT];
        let mut index = 0;
        while index < SETTINGS_COUNT {
            values[index] = DEFAULTS[index].default;
            index += 1;
        }
        Self { values, language: Language::English }
    }

    /// A value.
    #[must_use]
    pub const fn get(&self, name: Name) -> i32 {
        self.values[name as usize]
    }

    /// The values with their settings.
    pub fn all(&self) -> impl Iterator<Item = (&'static Setting, i32)> {
        SETTINGS.iter().zip(self.values)
    }

    /// Changes a value by its key; answers its place in [`SETTINGS`].
    ///
    /// # Errors
    /// If there is no such key, or the value is out of bounds: it stays as it was.
    pub fn set(&mut self, key: &str, value: i32) -> Result<usize, Wrong> {
        let index = SETTINGS.iter().position(|setting| setting.key == key).ok_or(Wrong::NoSuch)?;
        let setting = &SETTINGS[index];
        if !(setting.least..=setting.most).contains(&value) {
            return Err(Wrong::Bounds);
        }
        self.values[index] = value;
        Ok(index)
    }

    /// What the drive must know.
    #[must_use]
    pub const fn chassis(&self) -> Chassis {
        // The bounds above are within these types.
        Chassis {
            top_speed: self.get(Name::TopSpeed) as u16,
            track_mm: self.get(Name::Track) as u16,
            ramp: self.get(Name::Ramp) as u8,
            trim: self.get(Name::Trim) as i8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_within_its_bounds_and_every_name_at_its_place() {
        for setting in &SETTINGS {
            assert!((setting.least..=setting.most).contains(&setting.default), "{setting:?}");
        }
        assert_eq!(SETTINGS[Name::Volume as usize].key, "volume");
        assert_eq!(SETTINGS[Name::Near as usize].key, "near");
        assert_eq!(SETTINGS[Name::Trim as usize].key, "trim");
    }

    #[test]
    fn a_value_out_of_bounds_changes_nothing() {
        let mut settings = Settings::new();
        assert_eq!(settings.set("speed", 101), Err(Wrong::Bounds));
        assert_eq!(settings.get(Name::Speed), 50);
        assert_eq!(settings.set("spede", 10), Err(Wrong::NoSuch));
        assert_eq!(settings.set("trim", -5), Ok(5));
        assert_eq!(settings.chassis().trim, -5);
    }
}
