//! What the robot says, in two languages.
//!
//! A text may have one `#`, where a number or name stands.

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// `en`.
    #[default]
    English,
    /// `de`.
    German,
}

impl Language {
    /// The language of a code of two letters.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::English),
            "de" => Some(Self::German),
            _ => None,
        }
    }

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }
}

macro_rules! texts {
    ($($(#[$meta:meta])* $name:ident: $en:literal, $de:literal;)*) => {
        /// Something to say.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Text {
            $($(#[$meta])* #[doc = $en] $name,)*
        }

        /// All of them, for tests.
        #[cfg(test)]
        const ALL: &[Text] = &[$(Text::$name),*];

        impl Text {
            /// In a language.
            #[must_use]
            pub const fn in_language(self, language: Language) -> &'static str {
                let [en, de] = match self {
                    $(Self::$name => [$en, $de],)*
                };
                match language {
                    Language::English => en,
                    Language::German => de,
                }
            }
        }
    };
}

texts! {
    Hello: "Hello, I am #.", "Hallo, ich bin #.";
    PressA: "Press A to select program", "A drücken: Programm wählen";
    Selected: "Program: #", "Programm: #";
    HoldA: "Hold A to start it", "A halten: starten";
    Began: "Off I go.", "Los geht's.";
    Ended: "Done.", "Fertig.";
    Stopped: "Stopped.", "Angehalten.";
    Obstacle: "Something is # cm ahead.", "Da ist etwas in # cm.";
    Way: "I have gone # mm.", "Ich bin # mm gefahren.";
    Blind: "I see nothing: check the sensor.", "Ich sehe nichts: Sensor prüfen.";
    NoWay: "There is no way.", "Es gibt keinen Weg.";
    Beyond: "That is beyond my map.", "Das ist jenseits meiner Karte.";
    Arrived: "Here I am.", "Da bin ich.";
    WhatIs: "I do not know `#`.", "`#` kenne ich nicht.";
    Number: "A number is missing after `#`.", "Nach `#` fehlt eine Zahl.";
    Bounds: "That is too much for `#`.", "Das ist zu viel für `#`.";
    TooLong: "The program is too long.", "Das Programm ist zu lang.";
    Unclosed: "A `repeat` has no `end`.", "Ein `repeat` hat kein `end`.";
    Unopened: "An `end` has no `repeat`.", "Ein `end` hat kein `repeat`.";
    TooDeep: "Too many repeats in each other.", "Zu viele ineinander.";
    NoProgram: "There is no program `#`.", "Ein Programm `#` gibt es nicht.";
    NoSetting: "There is no setting `#`.", "Eine Einstellung `#` gibt es nicht.";
    Setting: "Set: #", "Gesetzt: #";
    Tune: "That is no tune.", "Das ist keine Melodie.";
    Map: "I know # cells.", "Ich kenne # Felder.";
    Busy: "I am busy: stop first.", "Ich bin beschäftigt: erst stop.";
    Help: "I know: #", "Ich kenne: #";
    Mood: "I feel fine.", "Mir geht es gut.";
    Bored: "I am bored.", "Mir ist langweilig.";
    Dizzy: "I am dizzy.", "Mir ist schwindlig.";
    Tired: "Time for a rest.", "Zeit für eine Pause.";
    Bye: "Good bye.", "Auf Wiedersehen.";
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANGUAGES: [Language; 2] = [Language::English, Language::German];

    #[test]
    fn every_text_has_its_place_in_every_language() {
        for text in ALL {
            let places = |language| text.in_language(language).matches('#').count();
            for language in LANGUAGES {
                assert_eq!(places(language), places(Language::English), "{text:?} {language:?}");
                assert!(places(language) <= 1);
                assert!(text.in_language(language).chars().count() < 42, "two lines: {text:?}");
            }
        }
    }

    #[test]
    fn a_language_has_a_code_and_a_code_a_language() {
        for language in LANGUAGES {
            assert_eq!(Language::of_code(language.code()), Some(language));
        }
        assert_eq!(Language::of_code("tlh"), None);
    }
}
