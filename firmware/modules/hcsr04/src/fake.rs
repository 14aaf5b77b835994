//! A sensor without hardware: it answers as the manual's timing diagram says, on a clock that moves
//! only when somebody looks or waits.

use crate::sensor::{CYCLE, Level, Wiring};
use crate::sound::{Micros, Millimetres, Temperature};

/// From the trigger's end to the echo's begin: the burst, and what sensors take besides.
const BURST: Micros = Micros(460);
const TRIGGER_MIN: Micros = Micros(10);
/// The echo of nothing.
const SILENCE: Micros = Micros::from_millis(38);
/// Farther than this nothing is heard.
const HEARD_MAX: Millimetres = Millimetres(4500);

/// What stands before the sensor, or what is wrong with it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scene {
    Wall(Millimetres),
    Nothing,
    NoSensor,
    ShortToSupply,
}

/// A fake sensor with its wiring.
#[derive(Debug)]
pub(crate) struct Fake {
    scene: Scene,
    now: Micros,
    look: Micros,
    displaced: Option<(Micros, Micros)>,
    trigger_since: Option<Micros>,
    echo: Option<(Micros, Micros)>,
    triggers: Vec<Micros>,
    short_triggers: u32,
    triggers_in_echo: u32,
}

impl Fake {
    pub(crate) fn in_front_of(scene: Scene) -> Self {
        Self {
            scene,
            now: Micros(1_000_000),
            look: Micros(1),
            displaced: None,
            trigger_since: None,
            echo: None,
            triggers: Vec::new(),
            short_triggers: 0,
            triggers_in_echo: 0,
        }
    }

    /// Each look at the pin takes so long.
    pub(crate) fn looking_every(self, look: Micros) -> Self {
        Self { look, ..self }
    }

    /// So long after the trigger somebody else runs, for so long.
    pub(crate) fn displaced_at(self, after_trigger: Micros, time: Micros) -> Self {
        Self { displaced: Some((after_trigger, time)), ..self }
    }

    pub(crate) fn turn_to(&mut self, scene: Scene) {
        self.scene = scene;
    }

    /// The shortest time between two triggers.
    pub(crate) fn shortest_cycle(&self) -> Option<Micros> {
        self.triggers.windows(2).map(|pair| pair[1] - pair[0]).min()
    }

    /// What a real sensor would not have understood.
    pub(crate) fn complaints(&self) -> u32 {
        let too_soon = self.shortest_cycle().is_some_and(|cycle| cycle < CYCLE);
        self.short_triggers + self.triggers_in_echo + u32::from(too_soon)
    }

    fn answer(&mut self) {
        if self.echo.is_some_and(|(_, end)| end > self.now) {
            self.triggers_in_echo += 1;
            return;
        }
        self.triggers.push(self.now);
        let begin = self.now + BURST;
        self.echo = match self.scene {
            Scene::Wall(distance) if distance <= HEARD_MAX => {
                Some((begin, begin + Temperature::ROOM.echo(distance)))
            }
            Scene::Wall(_) | Scene::Nothing => Some((begin, begin + SILENCE)),
            Scene::NoSensor | Scene::ShortToSupply => None,
        };
    }

    fn pass(&mut self, time: Micros) {
        self.now = self.now + time;
        let Some((after, length)) = self.displaced else { return };
        if self.triggers.last().is_some_and(|trigger| self.now - *trigger >= after) {
            self.displaced = None;
            self.now = self.now + length;
        }
    }
}

impl Wiring for Fake {
    fn trigger(&mut self, level: Level) {
        match (level, self.trigger_since) {
            (Level::High, None) => self.trigger_since = Some(self.now),
            (Level::Low, Some(since)) => {
                self.trigger_since = None;
                match self.now - since >= TRIGGER_MIN {
                    true => self.answer(),
                    false => self.short_triggers += 1,
                }
            }
            _ => {}
        }
    }

    fn echo(&mut self) -> Level {
        let is_high = match self.scene {
            Scene::ShortToSupply => true,
            _ => self.echo.is_some_and(|(begin, end)| (begin..end).contains(&self.now)),
        };
        self.pass(self.look);
        if is_high { Level::High } else { Level::Low }
    }

    fn now(&mut self) -> Micros {
        self.now
    }

    fn wait(&mut self, time: Micros) {
        self.pass(time);
    }
}
