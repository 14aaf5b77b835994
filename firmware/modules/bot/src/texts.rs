//! What the robot says, in four languages.
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
    /// `fr`.
    French,
    /// `es`.
    Spanish,
}

impl Language {
    /// The language of a code of two letters.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::English),
            "de" => Some(Self::German),
            "fr" => Some(Self::French),
            "es" => Some(Self::Spanish),
            _ => None,
        }
    }

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }
}

macro_rules! texts {
    ($($(#[$meta:meta])* $name:ident: $en:literal, $de:literal, $fr:literal, $es:literal;)*) => {
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
                let [en, de, fr, es] = match self {
                    $(Self::$name => [$en, $de, $fr, $es],)*
                };
                match language {
                    Language::English => en,
                    Language::German => de,
                    Language::French => fr,
                    Language::Spanish => es,
                }
            }
        }
    };
}

texts! {
    Hello: "Hello, I am #.", "Hallo, ich bin #.", "Bonjour, je suis #.", "Hola, soy #.";
    PressA: "Press A to select program", "A drücken: Programm wählen", "A pour choisir un programme", "Pulsa A para elegir programa";
    Selected: "Program: #", "Programm: #", "Programme : #", "Programa: #";
    HoldA: "Hold A to start it", "A halten: starten", "Tenir A pour lancer", "Mantén A para empezar";
    Began: "Off I go.", "Los geht's.", "C'est parti.", "Allá voy.";
    Ended: "Done.", "Fertig.", "C'est fini.", "Hecho.";
    Stopped: "Stopped.", "Angehalten.", "Arrêté.", "Parado.";
    Obstacle: "Something is # cm ahead.", "Da ist etwas in # cm.", "Quelque chose à # cm.", "Hay algo a # cm.";
    Way: "I have gone # mm.", "Ich bin # mm gefahren.", "J'ai fait # mm.", "He recorrido # mm.";
    Blind: "I see nothing: check the sensor.", "Ich sehe nichts: Sensor prüfen.", "Je ne vois rien : capteur ?", "No veo nada: revisa el sensor.";
    NoWay: "There is no way.", "Es gibt keinen Weg.", "Il n'y a pas de chemin.", "No hay camino.";
    Beyond: "That is beyond my map.", "Das ist jenseits meiner Karte.", "C'est hors de ma carte.", "Está fuera de mi mapa.";
    Arrived: "Here I am.", "Da bin ich.", "Me voilà.", "Aquí estoy.";
    WhatIs: "I do not know `#`.", "`#` kenne ich nicht.", "Je ne connais pas « # ».", "No conozco «#».";
    Number: "A number is missing after `#`.", "Nach `#` fehlt eine Zahl.", "Il manque un nombre après #.", "Falta un número tras «#».";
    Bounds: "That is too much for `#`.", "Das ist zu viel für `#`.", "C'est trop pour #.", "Es demasiado para «#».";
    TooLong: "The program is too long.", "Das Programm ist zu lang.", "Le programme est trop long.", "El programa es muy largo.";
    Unclosed: "A `repeat` has no `end`.", "Ein `repeat` hat kein `end`.", "Il manque un `end`.", "Falta un `end`.";
    Unopened: "An `end` has no `repeat`.", "Ein `end` hat kein `repeat`.", "Il manque un `repeat`.", "Falta un `repeat`.";
    TooDeep: "Too many repeats in each other.", "Zu viele ineinander.", "Trop de boucles.", "Demasiados bucles.";
    NoProgram: "There is no program `#`.", "Ein Programm `#` gibt es nicht.", "Pas de programme « # ».", "No hay programa «#».";
    NoSetting: "There is no setting `#`.", "Eine Einstellung `#` gibt es nicht.", "Pas de réglage « # ».", "No hay ajuste «#».";
    Setting: "Set: #", "Gesetzt: #", "Réglé : #", "Ajustado: #";
    Tune: "That is no tune.", "Das ist keine Melodie.", "Ce n'est pas un air.", "Eso no es una melodía.";
    Map: "I know # cells.", "Ich kenne # Felder.", "Je connais # cases.", "Conozco # casillas.";
    Busy: "I am busy: stop first.", "Ich bin beschäftigt: erst stop.", "Je suis occupé : stop.", "Estoy ocupado: stop.";
    Help: "I know: #", "Ich kenne: #", "Je connais : #", "Conozco: #";
    Mood: "I feel fine.", "Mir geht es gut.", "Je vais bien.", "Estoy bien.";
    Bored: "I am bored.", "Mir ist langweilig.", "Je m'ennuie.", "Me aburro.";
    Dizzy: "I am dizzy.", "Mir ist schwindlig.", "J'ai le tournis.", "Estoy mareado.";
    Tired: "Time for a rest.", "Zeit für eine Pause.", "Il faut une pause.", "Hora de descansar.";
    Bye: "Good bye.", "Auf Wiedersehen.", "Au revoir.", "Adiós.";
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANGUAGES: [Language; 4] =
        [Language::English, Language::German, Language::French, Language::Spanish];

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
