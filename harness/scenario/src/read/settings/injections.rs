//! `inject`: faults and their moments.

use crate::quantity::{parse_rate, parse_time};
use crate::read::problems::Draft;
use crate::read::reader::{Fields, Reader};
use crate::rule::Rule;
use crate::settings::{
    AllocationFault, Direction, Fault, Injection, Moment, PinPlace, StuckPin, UartFault,
    WhichAllocation,
};
use crate::value::Value;
use crate::yaml::{Entry, NodeId};

/// The highest number of a pin that a chip of the family has.
const GPIO_MAX: u64 = 63;

impl Reader<'_> {
    pub(super) fn inject(&mut self, node: Option<NodeId>) -> Vec<Injection> {
        let items = node.map_or_else(Vec::new, |node| self.items(node));
        items.into_iter().filter_map(|item| self.injection(item)).collect()
    }

    fn injection(&mut self, node: NodeId) -> Option<Injection> {
        let kinds = ["allocation", "uart", "pin"];
        let known = ["at", "until", "allocation", "uart", "pin"];
        let fields = self.fields(node, "inject", &known)?;
        let at = self.required(&fields, "at", "a step, or a time since power-on");
        let at = at.and_then(|node| self.moment(node));
        let until = match fields.get("until") {
            Some(node) => self.moment(node).map(Some),
            None => Some(None),
        };
        let faults: Vec<&Entry> =
            fields.entries.iter().filter(|entry| kinds.contains(&entry.key.as_str())).collect();
        let [fault] = faults[..] else {
            let message = "an injection is of one fault: `allocation`, `uart` or `pin`".into();
            self.error(Rule::InvalidSetting, fields.place, message);
            return None;
        };
        let fault = match fault.key.as_str() {
            "allocation" => self.allocation(&fields, fault.value).map(Fault::Allocation),
            "uart" => self.uart(fault.value).map(Fault::Uart),
            _ => self.pin(fault.value).map(Fault::Pin),
        };
        let (at, until) = (at?, until?);
        self.check_order(&fields, at, until);
        Some(Injection { at, until, fault: fault?, line: fields.place.line })
    }

    /// A step by name or index, or a time; a step that is called like a time is a step.
    fn moment(&mut self, node: NodeId) -> Option<Moment> {
        if let Some(Value::Text(text)) = self.tree.scalar(node) {
            let is_step = self.names.is_some_and(|names| names.has(text));
            if let Ok(span) = parse_time(text)
                && !is_step
            {
                return Some(Moment::Instant(span));
            }
        }
        self.step(node).map(Moment::Step)
    }

    /// Where both ends are of one kind they can be compared.
    fn check_order(&mut self, fields: &Fields, at: Moment, until: Option<Moment>) {
        let reversed = match (at, until) {
            (Moment::Step(at), Some(Moment::Step(until))) => until <= at,
            (Moment::Instant(at), Some(Moment::Instant(until))) => until <= at,
            _ => false,
        };
        if let Some(entry) = fields.entry("until").filter(|_| reversed) {
            let message = "the fault would end before it begins".into();
            self.error(Rule::InvalidSetting, entry.key_place, message);
        }
    }

    fn allocation(&mut self, injection: &Fields, node: NodeId) -> Option<AllocationFault> {
        let fields = self.fields(node, "allocation", &["nth", "chance", "owner", "bytes-min"])?;
        let which = self.which_allocation(injection, &fields);
        let owner = match fields.get("owner") {
            Some(node) => Some(self.text(node, "owner")?),
            None => None,
        };
        let bytes_min = match fields.get("bytes-min") {
            Some(node) => Some(self.size(node, "bytes-min")?),
            None => None,
        };
        Some(AllocationFault { which: which?, owner, bytes_min })
    }

    fn which_allocation(&mut self, injection: &Fields, fields: &Fields) -> Option<WhichAllocation> {
        let refuse = |reader: &mut Self, message: &str, place| {
            reader.error(Rule::InvalidSetting, place, message.into());
        };
        if let Some(chance) = fields.entry("chance") {
            if fields.get("nth").is_some() {
                let message = "allocations fail by `nth` or by `chance`, not by both";
                refuse(self, message, chance.key_place);
                return None;
            }
            let ppm = self.rate(fields, "chance")?;
            if ppm == 0 {
                refuse(self, "with a `chance` of 0 nothing fails", chance.key_place);
                return None;
            }
            return Some(WhichAllocation::ChancePpm(ppm));
        }
        if let Some(entry) = injection.entry("until") {
            let message = "one allocation fails, so there is nothing that ends";
            refuse(self, message, entry.key_place);
        }
        let nth = fields.get("nth").map_or(Some(1), |n| self.whole(n, "nth", 1..=u32::MAX.into()));
        nth.map(WhichAllocation::Nth)
    }

    fn uart(&mut self, node: NodeId) -> Option<UartFault> {
        let fields = self.fields(node, "uart", &["noise", "loss", "direction"])?;
        let noise = self.rate(&fields, "noise");
        let loss = self.rate(&fields, "loss");
        let direction = match fields.get("direction") {
            Some(node) => match self.word(node, "direction", &["both", "rx", "tx"])? {
                "rx" => Direction::Receive,
                "tx" => Direction::Transmit,
                _ => Direction::Both,
            },
            None => Direction::Both,
        };
        let (noise_ppm, loss_ppm) = (noise?, loss?);
        if noise_ppm == 0 && loss_ppm == 0 {
            let message = "without `noise` or `loss` nothing is disturbed";
            let draft = Draft::error(Rule::InvalidSetting, fields.place, message);
            self.push(draft.fix("{noise: 0.1%}"));
            return None;
        }
        Some(UartFault { noise_ppm, loss_ppm, direction })
    }

    fn rate(&mut self, fields: &Fields, key: &str) -> Option<u32> {
        let Some(node) = fields.get(key) else { return Some(0) };
        let source = self.tree.source(node).unwrap_or_default();
        let place = self.tree.place(node);
        let refuse = |message| self.error(Rule::InvalidSetting, place, message);
        parse_rate(source).map_err(refuse).ok()
    }

    fn pin(&mut self, node: NodeId) -> Option<StuckPin> {
        let fields = self.fields(node, "pin", &["gpio", "part", "stuck"])?;
        let stuck = self.required(&fields, "stuck", "the level, 0 or 1");
        let stuck = stuck.and_then(|node| self.whole(node, "stuck", 0..=1));
        let pin = match (fields.get("gpio"), fields.get("part")) {
            (Some(node), None) => {
                let number = self.whole(node, "gpio", 0..=GPIO_MAX)?;
                PinPlace::Gpio(u8::try_from(number).expect("checked against GPIO_MAX"))
            }
            (None, Some(node)) => self.part_pin(node)?,
            _ => {
                let message = "a stuck pin is a `gpio` by its number or a `part` as PART:PIN";
                self.error(Rule::InvalidSetting, fields.place, message.into());
                return None;
            }
        };
        Some(StuckPin { pin, high: stuck? == 1 })
    }

    fn part_pin(&mut self, node: NodeId) -> Option<PinPlace> {
        let text = self.text(node, "part")?;
        match text.split_once(':') {
            Some((part, pin)) if !part.is_empty() && !pin.is_empty() => {
                Some(PinPlace::Part { part: part.into(), pin: pin.into() })
            }
            _ => {
                let message = format!("`{text}` does not name a pin; write it as PART:PIN");
                self.error(Rule::InvalidSetting, self.tree.place(node), message);
                None
            }
        }
    }
}
